"""Keycloak's events as bytes: whose by the routing key, what by the body; and which message is read by whom."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from pydantic import ValidationError

from usher_contracts.envelope import OPERATORS_TENANT
from usher_contracts.upstream import Command, SentCommand
from usher_identity.keycloak.bodies import AdminBody, ClientBody
from usher_identity.keycloak.sent import Ignored, SentEvent
from usher_identity.keycloak.translating import Unreadable, of_admin, of_client
from usher_kit.commands import NUL, read_commands
from usher_kit.wire import MAX_BODY_BYTES, Message, Refused, told

KEY = re.compile(r"KK\.EVENT\.(?P<way>ADMIN|CLIENT)\.(?P<realm>[^.]+)\.(?P<result>SUCCESS|ERROR)\.(?P<rest>.+)")
TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEPT_BYTES = 1024


def read_upstreams(message: Message) -> tuple[list[SentCommand], list[Refused]]:
    """What one message of an upstream holds, whichever way it came by."""
    if not message.routing_key.startswith("KK.EVENT."):
        return read_commands(message)
    try:
        return [read_event(message)], []
    except Unreadable as error:
        attributes = {"id": id_of(message)}
        body = message.body if len(message.body) <= MAX_BODY_BYTES else message.body[:KEPT_BYTES]
        return [], [Refused("invalid", str(error), attributes, body, message.routing_key)]


def read_event(message: Message) -> SentEvent:
    """One event. Raises Unreadable."""
    key = KEY.fullmatch(message.routing_key)
    if key is None:
        raise Unreadable("the routing key is not KK.EVENT.<ADMIN or CLIENT>.<realm>.<result>.<what>.<what>")
    if len(message.body) > MAX_BODY_BYTES:
        raise Unreadable(f"{len(message.body)} bytes, more than {MAX_BODY_BYTES}; the beginning is kept")
    if any(one in message.body for one in NUL):
        raise Unreadable("the body has a NUL character")
    body = read_body(message.body, AdminBody if key["way"] == "ADMIN" else ClientBody)
    data = Ignored(what=body.what, why="error") if key["result"] == "ERROR" or body.error else say(body)
    return SentEvent.model_validate(
        {
            "id": body.id or id_of(message),
            "source": f"/keycloak/{key['realm'][:150]}",
            "type": data.type,
            "subject": getattr(data, "external_id", ""),
            "time": EPOCH + timedelta(milliseconds=body.time),
            "tenantid": OPERATORS_TENANT,
            "traceparent": trace_of(message),
            "upstream": "",
            "data": data,
            "routing_key": message.routing_key,
            "realm": key["realm"],
            "realm_id": body.realm_id,
            "raw": message.body,
        }
    )


def read_body(body: bytes, shape: type[AdminBody | ClientBody]) -> AdminBody | ClientBody:
    """Raises Unreadable."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise Unreadable(told(error)) from error


def say(body: AdminBody | ClientBody) -> Command:
    """What an event says. Raises Unreadable."""
    return of_admin(body) if isinstance(body, AdminBody) else of_client(body)


def id_of(message: Message) -> str:
    """The id of an event that has none: the same for a redelivery, since the body has a time."""
    return sha256(message.routing_key.encode() + b"\n" + message.body).hexdigest()


def trace_of(message: Message) -> str | None:
    """The trace that an instrumented Keycloak gave along."""
    header = message.headers.get("traceparent")
    text = header.decode(errors="replace") if isinstance(header, bytes) else str(header)
    return text if TRACE.fullmatch(text) else None
