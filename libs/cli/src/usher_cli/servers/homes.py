"""A home: the folder that holds a set of private servers, and what they chose once and keep (ports, passwords)."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from usher_cli.servers.ports import free_ports, is_free


@dataclass(frozen=True, slots=True)
class Choice:
    """What one private server keeps from start to start."""

    password: str
    ports: dict[str, int]


def chosen(folder: Path) -> Choice | None:
    """What the server in `folder` chose earlier; None when it never started."""
    try:
        return Choice(**json.loads((folder / "choice.json").read_text()))
    except FileNotFoundError:
        return None


def choose(folder: Path, ports: Sequence[str]) -> Choice:
    """Keep the earlier choice, with new ports where somebody else took one; call it only while the server is down."""
    earlier = chosen(folder)
    if earlier and [*earlier.ports] == [*ports] and all(map(is_free, earlier.ports.values())):
        return earlier
    password = earlier.password if earlier else secrets.token_hex(24)
    choice = Choice(password, dict(zip(ports, free_ports(len(ports)), strict=True)))
    write_private(folder / "choice.json", json.dumps(asdict(choice)))
    return choice


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whatever was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock file for the time of the block; waits for other holders, and a holder's death releases it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
