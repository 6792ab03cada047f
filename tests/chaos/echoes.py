"""Echoes: facts told again, out of order, in other batches, and first of all too late."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from usher_contracts.topology import EVENTS, Queue, events_queue

from .telling import Event, Sent, alone, in_batches, publish, tell_one, unfolded

TAP = "chaos.tap"
"""A queue of the run's own on every fact: where what is told again comes from. Nothing is judged by it."""

LATE = "chaos.late"
"""An exchange by which one service alone is told what was kept from it."""

AGAIN = 60
"""Facts that one fault tells again, at most."""

KEPT_SECONDS = 60.0
"""How long the first fact that is kept from a service may take to come."""


@dataclass(slots=True)
class Echoes:
    """What was told once and is told again; `rng` decides which and in which order."""

    url: str
    rng: Random
    heard: list[Event] = field(default_factory=list, repr=False)
    kept: list[AbstractIncomingMessage] = field(default_factory=list, repr=False)
    """What has come to the tap since a service was kept from it."""

    def lay_tap(self) -> None:
        """Make the tap, before anything is told."""

        async def lay() -> None:
            async with await aio_pika.connect(self.url) as connection:
                channel = await connection.channel()
                queue = await channel.declare_queue(TAP, durable=True)
                await queue.bind(EVENTS, routing_key="#")

        asyncio.run(lay())

    def tell_again_singly(self) -> str:
        """Facts as they were, each once more."""
        facts = self.some_facts()
        publish(self.url, [alone(fact) for fact in facts])
        return f"{len(facts)} facts told again, singly"

    def tell_again_in_batches(self) -> str:
        """Facts of one type in batches that they did not come in, each several times."""
        facts = self.some_facts() * 3
        self.rng.shuffle(facts)
        publish(self.url, in_batches(facts))
        return f"{len(facts)} facts told again, in batches"

    def tell_old_after_new(self) -> str:
        """Every version of some entities, the newest first."""
        facts = self.versions_of_some()
        publish(self.url, [alone(fact) for fact in facts])
        return f"{len(facts)} versions told again, the newest first"

    def tell_old_and_new_in_batches(self) -> str:
        """Every version of some entities in batches, shuffled."""
        facts = self.versions_of_some()
        self.rng.shuffle(facts)
        publish(self.url, in_batches(facts))
        return f"{len(facts)} versions told again in batches, shuffled"

    async def keep_from(self, service: str) -> None:
        """From now on this service is told of nothing; whatever it would hear is in the tap."""
        listened = events_queue(service)
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            await self.empty(channel)
            self.kept.clear()
            queue = await channel.get_queue(listened.name, ensure=False)
            for key in listened.bindings:
                await queue.unbind(EVENTS, key)

    async def tell_late(self, service: str, *, patience: float = KEPT_SECONDS) -> int:
        """Tell that service all that was kept from it, the last first. What comes just then, it may be told twice.

        Waits up to `patience` seconds for there to be any. Returns how many messages it was.
        """
        listened = events_queue(service)
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            queue = await channel.get_queue(listened.name, ensure=False)
            deadline = time.monotonic() + patience
            while not heard_by(listened, self.kept) and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
                await self.empty(channel)
            for key in listened.bindings:
                await queue.bind(EVENTS, key)
            await self.empty(channel)
            missed = heard_by(listened, self.kept)
            await tell_alone(channel, queue, [as_sent(one) for one in reversed(missed)])
        return len(missed)

    def some_facts(self) -> list[Event]:
        self.listen()
        return self.rng.sample(self.heard, min(AGAIN, len(self.heard)))

    def versions_of_some(self) -> list[Event]:
        """All versions of entities that have several, entity by entity, each newest first."""
        self.listen()
        versions: dict[tuple[str, str], dict[int, Event]] = defaultdict(dict)
        for fact in self.heard:
            if version := fact["data"].get("version"):
                versions[fact["type"], fact["subject"]][version] = fact
        changed = [own for own in versions.values() if len(own) > 1]
        self.rng.shuffle(changed)
        told = [own[version] for own in changed for version in sorted(own, reverse=True)]
        return told[: 2 * AGAIN]

    def listen(self) -> None:
        """Take what has come to the tap."""

        async def take() -> None:
            async with await aio_pika.connect(self.url) as connection:
                await self.empty(await connection.channel())

        asyncio.run(take())

    async def empty(self, channel: AbstractChannel) -> None:
        """Take the messages that have come to the tap; their facts are heard."""
        queue = await channel.get_queue(TAP)
        while (message := await queue.get(no_ack=True, fail=False)) is not None:
            self.kept.append(message)
            self.heard += unfolded(message.content_type or "", message.headers, message.body)


def heard_by(queue: Queue, messages: Iterable[AbstractIncomingMessage]) -> list[AbstractIncomingMessage]:
    """Those of the messages that this queue is bound to."""
    return [message for message in messages if message.routing_key in queue.bindings]


async def tell_alone(channel: AbstractChannel, queue: AbstractQueue, messages: Sequence[Sent]) -> None:
    """Tell one queue and no other, by the routing keys that it would have had them by."""
    exchange = await channel.declare_exchange(LATE, aio_pika.ExchangeType.TOPIC, durable=True)
    await queue.bind(exchange, routing_key="#")
    for message in messages:
        await tell_one(exchange, message)
    await exchange.delete()


def as_sent(message: AbstractIncomingMessage) -> Sent:
    return Sent(message.routing_key or "", message.content_type or "", message.headers, message.body)
