"""Telling the exchange: messages beside the services' own, alone and in batches, and what a message holds."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractExchange

from usher_contracts.envelope import routing_key
from usher_contracts.topology import BATCH_CONTENT_TYPE, BATCH_MAX_FACTS, EVENTS, FACT_CONTENT_TYPE, HEADER_PREFIX

CONFIRM_SECONDS = 60.0
MARK = "poison-"
"""How the id begins of what is poisonous."""

Event = Mapping[str, Any]
"""A fact as JSON Batch Format writes it: its attributes, and `data`."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One message: its routing key, type of content, headers and body."""

    key: str
    content_type: str
    headers: Mapping[str, Any]
    body: bytes


def alone(fact: Event) -> Sent:
    """A fact in binary mode."""
    headers = {HEADER_PREFIX + name: str(value) for name, value in fact.items() if name != "data"}
    return Sent(routing_key(fact["type"]), FACT_CONTENT_TYPE, headers, orjson.dumps(fact["data"]))


def in_batches(facts: Sequence[Event]) -> list[Sent]:
    """Facts by type, as many in a message as may be."""
    by_type: dict[str, list[Event]] = defaultdict(list)
    for fact in facts:
        by_type[fact["type"]].append(fact)
    return [
        Sent(routing_key(type_), BATCH_CONTENT_TYPE, {}, orjson.dumps(own[start : start + BATCH_MAX_FACTS]))
        for type_, own in by_type.items()
        for start in range(0, len(own), BATCH_MAX_FACTS)
    ]


def publish(url: str, messages: Iterable[Sent]) -> None:
    """Tell the exchange, and wait until the broker has it all."""

    async def tell() -> None:
        async with await aio_pika.connect(url) as connection:
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
    return isinstance(item, dict) and "subject" in item and not str(item.get("id", "")).startswith(MARK)
