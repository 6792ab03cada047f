"""Dead letters: looked at where they lie, sent again through the same path, or discarded (messages: Reliability)."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage, HeadersType

from usher_contracts.envelope import trace_id_of
from usher_contracts.topology import COMMANDED, HEADER_PREFIX, UPSTREAM, dead_queue, inlet
from usher_kit.wire import attributes_of

LOOKED_AT = 1_000
"""Letters that one look takes in; those beyond come into view as these are dealt with."""

BROKER_REASON = "delivery_limit"
"""The reason of a message that the broker itself gave up, having delivered it too often."""

Choice = Callable[["Letter"], bool]


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: what could not be applied, why, and the trace it belongs to."""

    id: str
    type: str
    subject: str | None
    tenant_id: str | None
    reason: str
    detail: str
    trace_id: str | None
    at: datetime | None
    content_type: str
    body: str

    @property
    def cause(self) -> str:
        """What letters of one cause have in common; its id is short enough to type."""
        return sha256(f"{self.reason} {self.type} {self.detail}".encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Cause:
    """Letters that failed alike."""

    cause: str
    reason: str
    type: str
    detail: str
    letters: int


def by_cause(letters: Sequence[Letter]) -> list[Cause]:
    """The causes of letters, the most frequent first."""
    counted = Counter((one.cause, one.reason, one.type, one.detail) for one in letters)
    return [Cause(*key, letters=count) for key, count in counted.most_common()]


async def look(connection: AbstractConnection, service: str) -> list[Letter]:
    """The service's dead letters; they stay where they are."""
    async with held(connection, service) as (_, messages):
        return [to_letter(message) for message in messages]


async def replay(connection: AbstractConnection, service: str, choice: Choice) -> int:
    """Send the chosen letters to the service again; versions make that safe. Returns how many."""
    async with held(connection, service) as (channel, messages):
        chosen = [message for message in messages if choice(to_letter(message))]
        for message in chosen:
            again = aio_pika.Message(
                message.body,
                headers=headers_again(message),
                content_type=message.content_type,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await (await way_back(channel, service)).publish(again, key_again(message, service), timeout=30)
            await message.ack()
        return len(chosen)


async def way_back(channel: AbstractChannel, service: str) -> AbstractExchange:
    """Where letters go in again: a command by its own key, which says who sent it; a fact to its queue alone."""
    return await channel.get_exchange(UPSTREAM, ensure=False) if service == COMMANDED else channel.default_exchange


def key_again(message: AbstractIncomingMessage, service: str) -> str:
    own = attributes_of(message.headers).get("deadkey") or routed_by(message) or ""
    return own if service == COMMANDED else inlet(service)


async def discard(connection: AbstractConnection, service: str, choice: Choice) -> int:
    """Remove the chosen letters for good. Returns how many."""
    async with held(connection, service) as (_, messages):
        chosen = [message for message in messages if choice(to_letter(message))]
        for message in chosen:
            await message.ack()
        return len(chosen)


@asynccontextmanager
async def held(
    connection: AbstractConnection, service: str
) -> AsyncIterator[tuple[AbstractChannel, list[AbstractIncomingMessage]]]:
    """The letters, held for as long as the channel is open; those not acknowledged by then are back in the queue."""
    async with connection.channel(publisher_confirms=True, on_return_raises=True) as channel:
        queue = await channel.get_queue(dead_queue(service).name, ensure=False)
        messages: list[AbstractIncomingMessage] = []
        while len(messages) < LOOKED_AT and (message := await queue.get(fail=False)) is not None:
            messages.append(message)
        yield channel, messages


def to_letter(message: AbstractIncomingMessage) -> Letter:
    """A message of the dead queue as a letter."""
    attributes = attributes_of(message.headers)
    return Letter(
        id=attributes.get("id") or sha256(message.body).hexdigest()[:16],
        type=type_of(message),
        subject=attributes.get("subject"),
        tenant_id=attributes.get("tenantid"),
        reason=attributes.get("deadreason", BROKER_REASON),
        detail=attributes.get("deaddetail", "delivered more often than the broker's limit"),
        trace_id=trace_id_of(attributes.get("traceparent")),
        at=message.timestamp,
        content_type=message.content_type or "",
        body=message.body.decode(errors="replace"),
    )


def type_of(message: AbstractIncomingMessage) -> str:
    """The type that the message had or was routed by."""
    attributes = attributes_of(message.headers)
    return attributes.get("type") or f"usher.{attributes.get('deadkey') or routed_by(message) or 'unknown'}"


def routed_by(message: AbstractIncomingMessage) -> str | None:
    """The routing key with which a message came that the broker itself dead-lettered."""
    deaths: Any = message.headers.get("x-death")
    return str(deaths[0]["routing-keys"][0]) if deaths else None


def headers_again(message: AbstractIncomingMessage) -> HeadersType:
    """The headers with which a letter is sent again: its own, without what made it dead."""
    kept = {
        name: value
        for name, value in message.headers.items()
        if name.startswith(HEADER_PREFIX) and not name.startswith(f"{HEADER_PREFIX}dead")
    }
    return {**kept, f"{HEADER_PREFIX}type": type_of(message)}
