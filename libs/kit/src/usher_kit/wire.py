"""Messages as bytes: facts into CloudEvents, one or many, and back, fact by fact (messages: Batches on the wire)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from usher_contracts.catalogue import FACTS
from usher_contracts.envelope import ATTRIBUTES, Event, Fact
from usher_contracts.topology import BATCH_CONTENT_TYPE, BATCH_MAX_BYTES, BATCH_MAX_FACTS, HEADER_PREFIX
from usher_kit.outbox import OutboxRow

MAX_BODY_BYTES = 1024 * 1024
"""A message beyond this is refused unread: four times what any of our own carries."""

SHOWN_ERRORS = 3
"""Validation errors that a refusal names; the fact itself goes along, for the rest."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A fact that can never apply: why, and what is needed to look at it or to send it again."""

    reason: str
    detail: str
    attributes: Mapping[str, str]
    body: bytes
    routing_key: str
    tenant_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One AMQP message: the broker's parts of it that matter."""

    routing_key: str
    content_type: str
    headers: Mapping[str, Any]
    body: bytes


Read: TypeAlias = Callable[[Message], tuple[Sequence[Any], Sequence[Refused]]]
"""Reads one message: what it holds, each in its envelope, and what of it can never apply."""


def encode_one(row: OutboxRow) -> Message:
    """Binary content mode: attributes as headers, the fact as body."""
    attributes: dict[str, str] = orjson.loads(row.attributes)
    content_type = attributes.pop("datacontenttype", "application/json")
    headers = {HEADER_PREFIX + name: value for name, value in attributes.items()}
    return Message(row.routing_key, content_type, headers, row.body.encode())


def encode_batch(rows: Sequence[OutboxRow]) -> Message:
    """JSON Batch Format: each fact whole, with its own attributes. `rows` are of one type.

    For one queue alone, whose name is then the routing key, a header says the type.
    """
    facts = ",".join(f'{row.attributes[:-1]},"data":{row.body}}}' for row in rows)
    headers = {f"{HEADER_PREFIX}type": f"usher.{rows[0].routing_key}"} if rows[0].queue else {}
    return Message(rows[0].routing_key, BATCH_CONTENT_TYPE, headers, f"[{facts}]".encode())


def cut(rows: Sequence[OutboxRow]) -> Iterator[Sequence[OutboxRow]]:
    """Rows of one type, cut into messages of at most 100 facts and 256 KiB."""
    start, size = 0, 0
    for place, row in enumerate(rows):
        length = len(row.attributes) + len(row.body)
        if place > start and (place - start == BATCH_MAX_FACTS or size + length > BATCH_MAX_BYTES):
            yield rows[start:place]
            start, size = place, 0
        size += length
    if rows:
        yield rows[start:]


def decode(message: Message) -> tuple[list[Event[Any]], list[Refused]]:
    """The facts of one message, and those of it that can never apply."""
    attributes = attributes_of(message.headers)
    if len(message.body) > MAX_BODY_BYTES:
        detail = f"{len(message.body)} bytes, more than {MAX_BODY_BYTES}; its beginning is kept"
        return [], [refused(message, attributes, "oversized", detail, message.body[:1024])]
    type_ = attributes.get("type") or f"usher.{message.routing_key}"
    fact = FACTS.get(type_)
    if fact is None:
        return [], [refused(message, attributes, "unknown_type", unknown_type(type_), message.body)]
    if message.content_type.startswith(BATCH_CONTENT_TYPE):
        return decode_batch(message, fact)
    return decode_one(message, attributes, fact)


def decode_one(
    message: Message, attributes: Mapping[str, str], fact: type[Fact]
) -> tuple[list[Event[Any]], list[Refused]]:
    """A message in binary content mode."""
    try:
        data = fact.model_validate_json(message.body)
        event = event_type(fact).model_validate({**attributes, "data": data})
    except ValidationError as error:
        return [], [refused(message, attributes, "invalid", told(error), message.body)]
    return sort_out([event], [message.body], message)


def decode_batch(message: Message, fact: type[Fact]) -> tuple[list[Event[Any]], list[Refused]]:
    """A message in the JSON Batch Format; one bad fact does not spoil the others."""
    try:
        return sort_out(batch_adapter(fact).validate_json(message.body), None, message)
    except ValidationError:
        pass
    try:
        items = orjson.loads(message.body)
    except orjson.JSONDecodeError as error:
        return [], [refused(message, {}, "invalid", f"not JSON: {error}", message.body)]
    if not isinstance(items, list):
        return [], [refused(message, {}, "invalid", "a batch is a JSON array of facts", message.body)]
    events: list[Event[Any]] = []
    bad: list[Refused] = []
    for item in items:
        one = orjson.dumps(item)
        try:
            events.append(event_type(fact).model_validate_json(one))
        except ValidationError as error:
            bad.append(refused(message, batch_attributes(item), "invalid", told(error), batch_body(item)))
    taken, disagreeing = sort_out(events, None, message)
    return taken, bad + disagreeing


def sort_out(
    events: Sequence[Event[Any]], bodies: Sequence[bytes] | None, message: Message
) -> tuple[list[Event[Any]], list[Refused]]:
    """Set aside the events whose envelope disagrees with their fact."""
    taken: list[Event[Any]] = []
    bad: list[Refused] = []
    for place, event in enumerate(events):
        if wrong := disagreement(event):
            body = bodies[place] if bodies else event.data.model_dump_json().encode()
            bad.append(refused(message, event.attributes(), "invalid", wrong, body))
        else:
            taken.append(event)
    return taken, bad


def disagreement(event: Event[Any]) -> str | None:
    """What of the envelope contradicts the fact; none where they agree."""
    if event.specversion != "1.0":
        return f"specversion {event.specversion!r}; this release reads CloudEvents 1.0"
    if event.type != type(event.data).type:
        return f"type {event.type!r} in a message of {type(event.data).type!r}"
    if event.tenantid != event.data.tenant_id:
        return f"tenantid {event.tenantid} is not the fact's tenant_id {event.data.tenant_id}"
    return None


def refused(message: Message, attributes: Mapping[str, str], reason: str, detail: str, body: bytes) -> Refused:
    return Refused(reason, detail, attributes, body, message.routing_key, tenant_of(attributes))


def tenant_of(attributes: Mapping[str, str]) -> UUID | None:
    """The tenant that the envelope names; none where it names none that can be read."""
    try:
        return UUID(attributes.get("tenantid", ""))
    except ValueError:
        return None


def attributes_of(headers: Mapping[str, Any]) -> dict[str, str]:
    """The CloudEvents attributes among AMQP headers."""
    return {
        name.removeprefix(HEADER_PREFIX): value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        for name, value in headers.items()
        if name.startswith(HEADER_PREFIX)
    }


def batch_attributes(item: object, names: Sequence[str] = ATTRIBUTES) -> dict[str, str]:
    """The attributes of one item of a batch, as far as it has any of these."""
    if not isinstance(item, dict):
        return {}
    return {name: str(item[name]) for name in names if item.get(name) is not None}


def batch_body(item: object) -> bytes:
    """The fact of one item of a batch, or the item itself where it is none."""
    return orjson.dumps(item["data"] if isinstance(item, dict) and "data" in item else item)


def unknown_type(type_: str) -> str:
    """Why a type is not read: a major version of the future, or no type of ours."""
    stem, _, major = type_.rpartition(".v")
    known = [name for name in FACTS if name.startswith(f"{stem}.v")] if stem else []
    if known:
        return f"{type_} is of major version {major}; this release reads {', '.join(known)}"
    return f"{type_} is no type in the catalogue"


def told(error: ValidationError) -> str:
    """The first errors, each with where it is; never the values, which may be personal."""
    errors = error.errors(include_input=False, include_url=False, include_context=False)
    lines = [f"/{'/'.join(map(str, one['loc']))}: {one['msg']}" for one in errors[:SHOWN_ERRORS]]
    more = len(errors) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more else "")


@cache
def event_type(fact: type[Fact]) -> type[Event[Any]]:
    return Event[fact]  # type: ignore[valid-type]


@cache
def batch_adapter(fact: type[Fact]) -> TypeAdapter[list[Event[Any]]]:
    return TypeAdapter(list[event_type(fact)])  # type: ignore[misc, arg-type]
