"""What the demo made, kept in `.usher/demo.json`: a second `usher demo` finds it, and makes nothing."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from usher_cli.servers.homes import write_private

FILE = "demo.json"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in at the console, and as what."""

    what: str
    user_id: str
    user_name: str
    password: str


@dataclass(frozen=True, slots=True)
class Example:
    """A person whose seat is worth an explanation."""

    user_id: str
    product: str
    state: str


@dataclass(frozen=True, slots=True)
class Record:
    """A finished demo: its tenant, who can sign in, who is explained, and a trace to follow."""

    tenant_id: str
    made_of: str
    accounts: tuple[Account, ...]
    examples: tuple[Example, ...]
    trace_id: str


def load(home: Path) -> Record | None:
    """The record of a demo that was finished; none where there is none."""
    file = home / FILE
    if not file.exists():
        return None
    kept = json.loads(file.read_text())
    return Record(
        **kept
        | {
            "accounts": tuple(Account(**one) for one in kept["accounts"]),
            "examples": tuple(Example(**one) for one in kept["examples"]),
        }
    )


def save(home: Path, record: Record) -> None:
    """Keep the record, for its owner alone: it holds passwords."""
    write_private(home / FILE, json.dumps(asdict(record), indent=2) + "\n")
