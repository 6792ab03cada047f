"""What the log keeps of an act: its event as canonical JSON (RFC 8785), and what that text is found by."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785

from usher_contracts.envelope import Event, trace_id_of


@dataclass(frozen=True, slots=True)
class Listing:
    """What an entry is searched by; all of it stands in the document too."""

    event_id: str
    at: datetime
    service: str
    actor: str
    act: str
    target: str
    org_id: str | None
    outcome: str
    trace_id: str | None


def to_document(event: Event[Any]) -> str:
    """The event of an act as CloudEvents' JSON has it, in the one canonical form. Raises ValueError for what has none.

    Canonical JSON keeps numbers as doubles: integers beyond 2^53 and lone surrogates have no form in it.
    """
    content = {**event.attributes(), "data": json.loads(event.data.model_dump_json())}
    return rfc8785.dumps(content).decode()


def listed(document: str) -> Listing:
    """What the entry with this document is searched by. Raises ValueError or KeyError for what is no document."""
    event: dict[str, Any] = json.loads(document)
    act: dict[str, Any] = event["data"]
    return Listing(
        event_id=storable(event["id"]),
        at=datetime.fromisoformat(act["at"]),
        service=event["type"].split(".")[1],
        actor=storable(event["actor"]),
        act=storable(act["act"]),
        target=storable(act["target"]),
        org_id=act["org_id"],
        outcome=act["outcome"],
        trace_id=trace_id_of(event.get("traceparent")),
    )


def storable(text: str) -> str:
    """Text that the database takes: PostgreSQL's holds no NUL."""
    return text.replace("\x00", "\ufffd")
