"""The floor's link to its servers: bare bodies by the client library, bare statements by the driver, nothing else."""

import asyncio
import gc
import os
import signal
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import aio_pika
import asyncpg
import orjson
from aio_pika.abc import AbstractIncomingMessage

from usher_kit.service import COLLECT

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Fact: TypeAlias = dict[str, Any]
Apply: TypeAlias = Callable[[Connection, list[Fact]], Awaitable[bool]]
"""Writes what facts of one kind say; answers whether it told others something."""

EXCHANGE = "floor.events"
PREFETCH = 200
TRANSACTION_FACTS = 1_000
MESSAGE_FACTS = 100
CLAIM_FACTS = 4_000
CLAIM = "select id, routing_key, body from outbox order by id limit $1 for update skip locked"
REMOVE = "delete from outbox where id = any($1::bigint[])"


async def connect_database(name: str) -> Connection:
    """One connection, as the product's are set."""
    return await asyncpg.connect(
        os.environ[f"USHER_{name.upper()}_DATABASE_URL"], server_settings={"timezone": "UTC", "jit": "off"}
    )


async def run(name: str, apply: Mapping[str, Apply]) -> None:
    """Relay the outbox and apply the queue of a service until asked to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    gc.freeze()
    gc.set_threshold(*COLLECT)
    broker = await aio_pika.connect(os.environ["USHER_RABBITMQ_URL"])
    wake = asyncio.Event()
    tasks = [asyncio.create_task(relay(broker, await connect_database(name), wake))]
    if not apply:
        ready()
    else:
        tasks.append(asyncio.create_task(consume(broker, await connect_database(name), name, apply, wake)))
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in done - {stopped}:
        task.result()
    await broker.close()


async def relay(broker: aio_pika.abc.AbstractConnection, database: Connection, wake: asyncio.Event) -> None:
    """Publish what waits, 100 facts of a kind in a message, all confirmed; then remove it."""
    channel = await broker.channel(publisher_confirms=True, on_return_raises=True)
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    while True:
        async with database.transaction():
            rows = await database.fetch(CLAIM, CLAIM_FACTS)
            kinds: dict[str, list[str]] = defaultdict(list)
            for _, key, body in rows:
                kinds[key].append(body)
            await asyncio.gather(
                *(
                    exchange.publish(
                        aio_pika.Message(
                            f"[{','.join(bodies[start : start + MESSAGE_FACTS])}]".encode(),
                            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                        ),
                        key,
                    )
                    for key, bodies in kinds.items()
                    for start in range(0, len(bodies), MESSAGE_FACTS)
                )
            )
            if rows:
                await database.execute(REMOVE, [row[0] for row in rows])
        if len(rows) < CLAIM_FACTS:
            try:
                async with asyncio.timeout(1):
                    await wake.wait()
            except TimeoutError:
                pass
            wake.clear()


async def consume(
    broker: aio_pika.abc.AbstractConnection,
    database: Connection,
    name: str,
    apply: Mapping[str, Apply],
    wake: asyncio.Event,
) -> None:
    """Apply what waits, a transaction of 1,000 facts at a time, and acknowledge it."""
    channel = await broker.channel()
    await channel.set_qos(PREFETCH)
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    queue = await channel.declare_queue(f"{name}.floor", durable=True, arguments={"x-queue-type": "quorum"})
    for key in apply:
        await queue.bind(exchange, key)
    waiting: deque[AbstractIncomingMessage] = deque()
    arrived = asyncio.Event()

    async def take(message: AbstractIncomingMessage) -> None:
        waiting.append(message)
        arrived.set()

    await queue.consume(take)
    ready()
    while True:
        await arrived.wait()
        arrived.clear()
        while waiting:
            last, facts = gather(waiting)
            async with database.transaction():
                told = [await use(database, facts[key]) for key, use in apply.items() if key in facts]
            if any(told):
                wake.set()
            await last.ack(multiple=True)


def ready() -> None:
    Path(os.environ["BENCH_READY"]).touch()


def gather(waiting: deque[AbstractIncomingMessage]) -> tuple[AbstractIncomingMessage, Mapping[str, list[Fact]]]:
    """The messages of one transaction: the last of them, and their facts by kind."""
    facts: dict[str, list[Fact]] = defaultdict(list)
    count = 0
    while waiting and count < TRANSACTION_FACTS:
        message = waiting.popleft()
        found = orjson.loads(message.body)
        facts[message.routing_key or ""] += found
        count += len(found)
    return message, facts
