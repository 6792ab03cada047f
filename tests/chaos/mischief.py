"""Mischief on the wire: facts told again, out of order and in other batches, and messages that can never apply."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import aio_pika
import orjson
from aio_pika.abc import AbstractExchange

from usher_contracts.catalogue import LISTENERS
from usher_contracts.envelope import routing_key
from usher_contracts.identity import OrganizationChanged, UserChanged
from usher_contracts.topology import BATCH_CONTENT_TYPE, BATCH_MAX_FACTS, EVENTS, FACT_CONTENT_TYPE, HEADER_PREFIX
from usher_kit.ids import new_id
from usher_kit.wire import MAX_BODY_BYTES

TAP = "chaos.tap"
"""A queue of the run's own on every fact: where what is told again comes from. Nothing is judged by it."""

AGAIN = 60
"""Facts that one fault tells again, at most."""

CONFIRM_SECONDS = 60.0
KEY = routing_key(UserChanged.type)
HEARD_BY = tuple(service for service, facts in LISTENERS.items() if UserChanged in facts)
"""The services that hear of people, and so of what is forged here."""

Event = Mapping[str, Any]
"""A fact as JSON Batch Format writes it: its attributes, and `data`."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One message: its routing key, type of content, headers and body."""

    key: str
    content_type: str
    headers: Mapping[str, Any]
    body: bytes


@dataclass(slots=True)
class Mischief:
    """What is told to the exchange beside the services; `rng` decides which and in which order."""

    url: str
    rng: Random
    heard: list[Event] = field(default_factory=list)
    poison: dict[str, str] = field(default_factory=dict)
    """By mark, the reason that its dead letter must bear, in each service of HEARD_BY."""
    forged: set[str] = field(default_factory=set)
    """People of a tenant that only this run speaks for: good facts beside poison. Each must be known to HEARD_BY."""
    tenant: str = field(default_factory=lambda: str(new_id()))

    def lay_tap(self) -> None:
        """Make the tap, before anything is told, and the forged tenant."""

        async def lay() -> None:
            async with await aio_pika.connect(self.url) as connection:
                channel = await connection.channel()
                queue = await channel.declare_queue(TAP, durable=True)
                await queue.bind(EVENTS, routing_key="#")

        asyncio.run(lay())
        self.publish([self.alone(self.organization())])

    def tell_again_singly(self) -> str:
        """Facts as they were, each once more."""
        facts = self.some_facts()
        self.publish([self.alone(fact) for fact in facts])
        return f"{len(facts)} facts told again, singly"

    def tell_again_in_batches(self) -> str:
        """Facts of one type in batches that they did not come in, each several times."""
        facts = self.some_facts() * 3
        self.rng.shuffle(facts)
        self.publish(self.in_batches(facts))
        return f"{len(facts)} facts told again, in batches"

    def tell_old_after_new(self) -> str:
        """Every version of some entities, the newest first."""
        facts = self.versions_of_some()
        self.publish([self.alone(fact) for fact in facts])
        return f"{len(facts)} versions told again, the newest first"

    def tell_old_and_new_in_batches(self) -> str:
        """Every version of some entities in batches, shuffled."""
        facts = self.versions_of_some()
        self.rng.shuffle(facts)
        self.publish(self.in_batches(facts))
        return f"{len(facts)} versions told again in batches, shuffled"

    def poison_alone(self) -> str:
        """Each kind of message that can never apply, by itself."""
        messages = [*self.bad_bodies(), self.oversized(), self.no_json_in_batch(), self.no_array_in_batch()]
        self.rng.shuffle(messages)
        self.publish(messages)
        return f"{len(messages)} poisonous messages alone"

    def poison_in_a_batch(self) -> str:
        """Facts that can never apply in one message with good ones."""
        good = [self.forge() for _ in range(6)]
        bad = [self.wrong_types(), self.no_fact(), self.of_another_tenant(), self.of_future_specification()]
        items: list[Any] = [*good, *bad]
        self.rng.shuffle(items)
        self.publish([Sent(KEY, BATCH_CONTENT_TYPE, {}, orjson.dumps(items))])
        return f"{len(bad)} poisonous facts among {len(good)} good ones in one message"

    def poison_among_good(self) -> str:
        """Messages that can never apply between good ones, as one consumer's batch gathers them."""
        messages = [self.alone(self.forge()) for _ in range(6)] + [one for _ in range(2) for one in self.bad_bodies()]
        self.rng.shuffle(messages)
        self.publish(messages)
        return f"{len(messages) - 6} poisonous messages between 6 good ones"

    def nudge(self) -> None:
        """One poisonous message: every consumer has a batch, and its relay a row."""
        self.publish([self.alone(self.wrong_types())])

    # What is told again

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
                queue = await (await connection.channel()).get_queue(TAP)
                while (message := await queue.get(no_ack=True, fail=False)) is not None:
                    self.heard += unfolded(message.content_type or "", message.headers, message.body)

        asyncio.run(take())

    # What is good, but ours

    def organization(self) -> Event:
        data = {"tenant_id": self.tenant, "id": self.tenant, "name": "Forged", "kind": "district", "version": 1}
        return self.envelope(OrganizationChanged.type, self.tenant, data)

    def forge(self) -> dict[str, Any]:
        """A good fact: a person of the forged tenant."""
        person = str(new_id())
        self.forged.add(person)
        return self.envelope(UserChanged.type, person, self.person(person))

    def person(self, id_: str) -> dict[str, Any]:
        since = "2026-01-01T00:00:00Z"
        role = {"role": "learner", "since": since}
        place = {"tenant_id": self.tenant, "id": id_, "org_id": self.tenant}
        return {**place, "status": "active", "status_since": since, "roles": [role], "version": 1}

    def envelope(self, type_: str, subject: str, data: Mapping[str, Any]) -> dict[str, Any]:
        attributes = {"specversion": "1.0", "id": str(new_id()), "source": "/usher/identity", "type": type_}
        return {
            **attributes,
            "subject": subject,
            "time": "2026-01-01T00:00:00Z",
            "tenantid": self.tenant,
            "data": dict(data),
        }

    # What is bad; each has a mark of its own in its id and in its body, by one of which its letter is known

    def mark(self, reason: str) -> str:
        mark = f"poison-{new_id()}"
        self.poison[mark] = reason
        return mark

    def bad_bodies(self) -> list[Sent]:
        """The kinds of message that are bad alone, one of each."""
        broken, future, nothing = self.mark("invalid"), self.mark("unknown_type"), self.mark("unknown_type")
        wrong = self.wrong_types()
        return [
            self.alone(wrong),
            Sent(KEY, FACT_CONTENT_TYPE, {"ce-id": broken}, f'{{"id": "{broken}'.encode()),
            Sent(KEY, FACT_CONTENT_TYPE, {"ce-type": UserChanged.type[:-1] + "9", "ce-id": future}, b"{}"),
            Sent(KEY, FACT_CONTENT_TYPE, {"ce-type": 17, "ce-id": nothing}, b"\x00\xff\x00"),
        ]

    def oversized(self) -> Sent:
        mark = self.mark("oversized")
        return Sent(KEY, FACT_CONTENT_TYPE, {"ce-id": mark}, b"[" + b" " * MAX_BODY_BYTES + b"]")

    def no_json_in_batch(self) -> Sent:
        return Sent(KEY, BATCH_CONTENT_TYPE, {}, f'[{{"id": "{self.mark("invalid")}"'.encode())

    def no_array_in_batch(self) -> Sent:
        return Sent(KEY, BATCH_CONTENT_TYPE, {}, orjson.dumps({"id": self.mark("invalid")}))

    def wrong_types(self) -> dict[str, Any]:
        mark = self.mark("invalid")
        bad = self.person(str(new_id())) | {"version": "none", "org_id": mark}
        return self.envelope(UserChanged.type, mark, bad) | {"id": mark}

    def no_fact(self) -> str:
        return self.mark("invalid")

    def of_another_tenant(self) -> dict[str, Any]:
        return self.envelope(UserChanged.type, "x", self.person(str(new_id()))) | {
            "id": self.mark("invalid"),
            "tenantid": str(UUID(int=7)),
        }

    def of_future_specification(self) -> dict[str, Any]:
        return self.envelope(UserChanged.type, "x", self.person(str(new_id()))) | {
            "id": self.mark("invalid"),
            "specversion": "2.0",
        }

    # How it is told

    def alone(self, fact: Event) -> Sent:
        """A fact in binary mode."""
        headers = {HEADER_PREFIX + name: str(value) for name, value in fact.items() if name != "data"}
        return Sent(routing_key(fact["type"]), FACT_CONTENT_TYPE, headers, orjson.dumps(fact["data"]))

    def in_batches(self, facts: Sequence[Event]) -> list[Sent]:
        """Facts by type, as many in a message as may be."""
        by_type: dict[str, list[Event]] = defaultdict(list)
        for fact in facts:
            by_type[fact["type"]].append(fact)
        return [
            Sent(routing_key(type_), BATCH_CONTENT_TYPE, {}, orjson.dumps(own[start : start + BATCH_MAX_FACTS]))
            for type_, own in by_type.items()
            for start in range(0, len(own), BATCH_MAX_FACTS)
        ]

    def publish(self, messages: Iterable[Sent]) -> None:
        """Tell the exchange, and wait until the broker has it all."""

        async def tell() -> None:
            async with await aio_pika.connect(self.url) as connection:
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                exchange = await channel.get_exchange(EVENTS, ensure=False)
                for message in messages:
                    await tell_one(exchange, message)

        asyncio.run(tell())


async def tell_one(exchange: AbstractExchange, message: Sent) -> None:
    await exchange.publish(
        aio_pika.Message(
            message.body,
            headers=dict(message.headers),
            content_type=message.content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        ),
        message.key,
        mandatory=True,
        timeout=CONFIRM_SECONDS,
    )


def unfolded(content_type: str, headers: Mapping[str, Any], body: bytes) -> list[Event]:
    """The facts of one message that can be read; poison is passed over."""
    try:
        content = json.loads(body)
    except ValueError:
        return []
    if not content_type.startswith(BATCH_CONTENT_TYPE):
        attributes = {
            name.removeprefix(HEADER_PREFIX): value for name, value in headers.items() if name.startswith(HEADER_PREFIX)
        }
        content = [{**attributes, "data": content}]
    return [one for one in content if is_fact(one)] if isinstance(content, list) else []


def is_fact(item: object) -> bool:
    """Whether this is a fact that was really told."""
    return isinstance(item, dict) and "subject" in item and not str(item.get("id", "")).startswith("poison-")
