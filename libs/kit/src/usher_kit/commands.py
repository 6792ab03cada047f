"""Upstream systems' commands as bytes: who sent them by the routing key, the rest by headers and body (messages)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import orjson
from pydantic import ValidationError

from usher_contracts.envelope import ATTRIBUTES
from usher_contracts.topology import BATCH_CONTENT_TYPE, BATCH_MAX_FACTS
from usher_contracts.upstream import COMMANDS, UNSAID, Command, Outcome, SentCommand
from usher_kit.wire import MAX_BODY_BYTES, Message, Refused, attributes_of, batch_attributes, batch_body, told

KEY = re.compile(
    r"(?P<tenant>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?P<upstream>[a-z][a-z0-9_-]{0,59})\.(?P<type>.+)"
)
MAX_ID = 200
NUL = (b"\\u0000", b"\x00")
"""Ways to write a character that no text of a database can hold."""

NAMED = (*ATTRIBUTES, "sequence")
"""The attributes that a command may have."""

UNDERSTOOD: Mapping[str, type[Command]] = {type_: one for type_, one in COMMANDS.items() if one is not Outcome}


class Malformed(Command):
    """A command that can never apply, from a sender who can be told why."""

    type: ClassVar[str] = "usher.upstream.malformed"

    detail: str


@dataclass(frozen=True, slots=True)
class Sender:
    """What a routing key says: who sends, and what."""

    tenant_id: UUID
    upstream: str
    type: str

    @classmethod
    def of(cls, key: str) -> "Sender | None":
        """None for a key that says it not."""
        found = KEY.fullmatch(key)
        return cls(UUID(found["tenant"]), found["upstream"], f"usher.{found['type']}") if found else None


def read_commands(message: Message) -> tuple[list[SentCommand], list[Refused]]:
    """The commands of one message; those that cannot apply as `Malformed`, and those that nobody can be told of."""
    sender = Sender.of(message.routing_key)
    attributes = attributes_of(message.headers)
    if sender is None:
        detail = "the routing key is not <tenant>.<upstream>.<type>"
        return [], [Refused("unreadable_key", detail, attributes, message.body[:MAX_BODY_BYTES], message.routing_key)]
    taken: list[SentCommand] = []
    bad: list[Refused] = []
    for named, body in cut_up(message, attributes):
        if 0 < len(named.get("id", "")) <= MAX_ID and "\x00" not in named["id"]:
            taken.append(read_command(sender, named, body))
        else:
            detail = f"a command needs an id of 1 to {MAX_ID} characters: the header ce-id, or `id` in a batch"
            bad.append(Refused("invalid", detail, named, body, message.routing_key, sender.tenant_id))
    return taken, bad


def cut_up(message: Message, attributes: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], bytes]]:
    """A message's commands, each with its attributes; a batch that is none is one command that cannot be read."""
    if not message.content_type.startswith(BATCH_CONTENT_TYPE) or len(message.body) > MAX_BODY_BYTES:
        yield attributes, message.body
        return
    try:
        items: Any = orjson.loads(message.body)
    except orjson.JSONDecodeError:
        items = None
    if isinstance(items, list) and len(items) <= BATCH_MAX_FACTS * 10:
        for item in items:
            yield batch_attributes(item, NAMED), batch_body(item)
    else:
        yield attributes, b""


def read_command(sender: Sender, attributes: Mapping[str, str], body: bytes) -> SentCommand:
    """One command, or why it is none."""
    known = {"id": attributes["id"], "traceparent": attributes.get("traceparent")}
    if wrong := what_is_wrong(sender, attributes, body):
        return envelop(sender, known, Malformed(detail=wrong))
    try:
        command = envelop(sender, attributes, UNDERSTOOD[sender.type].model_validate_json(body))
    except ValidationError as error:
        return envelop(sender, known, Malformed(detail=told(error)))
    wrong = contradiction(sender, attributes, orjson.loads(body))
    return envelop(sender, known, Malformed(detail=wrong)) if wrong else command


def envelop(sender: Sender, attributes: Mapping[str, str | None], data: Command) -> SentCommand:
    """Raises ValidationError for attributes that cannot be read."""
    own = {
        "source": f"/upstream/{sender.upstream}",
        "type": sender.type,
        "subject": getattr(data, "external_id", ""),
        "tenantid": sender.tenant_id,
        "actor": f"upstream:{sender.upstream}",
        "upstream": sender.upstream,
        "data": data,
    }
    return SentCommand.model_validate({**attributes, **own})


def what_is_wrong(sender: Sender, attributes: Mapping[str, str], body: bytes) -> str | None:
    """What can be seen before a body is read."""
    if sender.type not in UNDERSTOOD:
        return f"{sender.type[:80]} is no command; there are {', '.join(UNDERSTOOD)}"
    if len(body) > MAX_BODY_BYTES:
        return f"{len(body)} bytes, more than {MAX_BODY_BYTES}"
    if any(one in body for one in NUL):
        return "the body has a NUL character"
    if not attributes.keys() & {"sequence", "time"}:
        return "give ce-sequence, an integer that rises, or ce-time: they tell what is stale"
    return None


def contradiction(sender: Sender, attributes: Mapping[str, str], said: Mapping[str, Any]) -> str | None:
    """What attributes or body say otherwise than the routing key; none where they agree."""
    claims: Sequence[tuple[str, Any, str]] = [
        ("ce-type", attributes.get("type"), sender.type),
        ("ce-tenantid", attributes.get("tenantid"), str(sender.tenant_id)),
        ("/tenant_id", said.get("tenant_id"), str(sender.tenant_id)),
        ("/source", said.get("source"), sender.upstream),
    ]
    wrong = [
        f"{where} is {str(claim)[:80]!r}, and the routing key says {by_key!r}"
        for where, claim, by_key in claims
        if claim not in (None, by_key)
    ]
    return "; ".join(wrong) or None


def order_of(command: SentCommand) -> int:
    """What tells a stale command from a new one: its sequence, else its time in microseconds."""
    if command.sequence is not None:
        return command.sequence
    since = command.time - UNSAID
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
