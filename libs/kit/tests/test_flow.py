"""From outbox to consumer on a real broker: nothing is lost, and the bad goes to the dead letters alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import aio_pika
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Event, routing_key
from usher_contracts.identity import UserChanged
from usher_contracts.topology import EVENTS
from usher_kit import dead_letters, outbox
from usher_kit.batch import AT_ONCE, ENOUGH, Linger
from usher_kit.broker import Consumer, Messaging, connect
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier, InvalidFact, UseCase
from usher_kit.database import Database
from usher_kit.directory import apply_people
from usher_kit.ids import new_id
from usher_kit.relay import Relay

from .conftest import DAY, SERVICE

TENANT = UUID(int=1)
MakeEvent = Callable[..., Event[UserChanged]]


@asynccontextmanager
async def running(
    database: Database, vhost: str, use_case: UseCase = apply_people, patience: float = 60, linger: Linger = AT_ONCE
) -> AsyncIterator[Messaging]:
    connection = await connect(vhost, "test")
    messaging = Messaging(connection, Relay(database, connection, SERVICE))
    database.on_facts = messaging.start_relay()
    applier = Applier(SERVICE, {UserChanged: use_case}, database, FixedClock(DAY), patience)
    await messaging.start_consumer(Consumer(vhost, applier, prefetch=50, max_facts=200, linger=linger))
    try:
        yield messaging
    finally:
        await messaging.stop()


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


async def count(database: Database, table: str = "person") -> int:
    async with database.transaction([TENANT]) as conn:
        return int(await conn.scalar(text(f"select count(*) from {table}")) or 0)


async def send(database: Database, events: Sequence[Event[Any]]) -> None:
    async with database.transaction([TENANT]) as conn:
        await outbox.add(conn, events)


async def letters(vhost: str) -> list[aio_pika.abc.AbstractIncomingMessage]:
    found = []
    async with await aio_pika.connect(vhost) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(f"{SERVICE}.dead")
        while message := await queue.get(fail=False, no_ack=True):
            found.append(message)
    return found


async def test_facts_reach_the_consumer_one_or_many(database: Database, vhost: str, user_changed: MakeEvent) -> None:
    async with running(database, vhost) as messaging:
        assert messaging.is_ready
        await send(database, [user_changed()])
        await until(lambda: has(database, 1))
        await send(database, [user_changed() for _ in range(1_500)])
        await until(lambda: has(database, 1_501))
        await until(lambda: is_empty(database))


@pytest.mark.parametrize("hurried_by", ["a batch", "an urgent one", "enough"])
async def test_who_lingers_applies_together_what_comes_apart(
    database: Database, vhost: str, user_changed: MakeEvent, hurried_by: str
) -> None:
    """A lone message waits for others; a batch, an urgent one and many do not, nor what waits before them."""
    batches: list[int] = []

    async def keep(conn: AsyncConnection, events: Sequence[Event[Any]], at: datetime) -> Sequence[UUID]:
        batches.append(len(events))
        return await apply_people(conn, events, at)

    urgent = frozenset({routing_key(UserChanged.type)} if hurried_by == "an urgent one" else ())
    sizes = {"a batch": [1, 2], "an urgent one": [1], "enough": [1] * ENOUGH}[hurried_by]
    async with running(database, vhost, keep, linger=Linger(60, urgent)):
        for size in sizes:
            await send(database, [user_changed() for _ in range(size)])
            await until(lambda: is_empty(database))
        await until(lambda: has(database, sum(sizes)))
    assert batches == [sum(sizes)]


async def has(database: Database, people: int) -> bool:
    return await count(database) == people


async def is_empty(database: Database) -> bool:
    return await count(database, "outbox") == 0


async def test_what_was_committed_before_a_crash_is_published_after_it(
    database: Database, vhost: str, user_changed: MakeEvent
) -> None:
    await send(database, [user_changed() for _ in range(3)])
    async with running(database, vhost):
        await until(lambda: has(database, 3))


async def test_a_fact_that_no_queue_takes_stays_in_the_outbox(
    database: Database, vhost: str, user_changed: MakeEvent
) -> None:
    async with running(database, vhost):
        row = outbox.to_row(user_changed())
        lost = outbox.OutboxRow(row.tenant_id, EVENTS, "nobody.listens.v1", row.attributes, row.body)
        async with database.transaction([TENANT]) as conn:
            await outbox.add_rows(conn, [lost])
        await send(database, [user_changed()])
        await until(lambda: has(database, 1))
        await asyncio.sleep(0)
        async with database.transaction([TENANT]) as conn:
            assert await conn.scalar(text("select count(*) from outbox where routing_key = 'nobody.listens.v1'")) == 1


@pytest.mark.parametrize("error", [InvalidFact, ValueError])
async def test_the_culprit_alone_is_dead(
    database: Database, vhost: str, user_changed: MakeEvent, error: type[Exception]
) -> None:
    bad = new_id()

    async def refuses_one(conn: AsyncConnection, events: Sequence[Event[UserChanged]], at: datetime) -> list[UUID]:
        news = await apply_people(conn, events, at)
        for event in events:
            if event.data.id == bad:
                raise InvalidFact(event, "not this one") if error is InvalidFact else error("not this one")
        return news

    async with running(database, vhost, refuses_one):
        await send(database, [*(user_changed() for _ in range(40)), user_changed(bad), user_changed()])
        await until(lambda: has(database, 41))
        await until(lambda: is_empty(database))
    [dead] = await letters(vhost)
    assert str(bad).encode() in dead.body
    assert "not this one" in str(dead.headers["ce-deaddetail"])


async def test_a_database_that_is_away_is_waited_for(database: Database, vhost: str, user_changed: MakeEvent) -> None:
    failures = 0

    async def away_at_first(conn: AsyncConnection, events: Sequence[Event[UserChanged]], at: datetime) -> list[UUID]:
        nonlocal failures
        failures += 1
        if failures <= 3:
            raise OperationalError("select 1", {}, ConnectionRefusedError("away"))
        return await apply_people(conn, events, at)

    async with running(database, vhost, away_at_first):
        await send(database, [user_changed()])
        await until(lambda: has(database, 1))
        await until(lambda: is_empty(database))
    assert not await letters(vhost)


async def test_in_an_outage_deliveries_go_back_and_come_again(
    database: Database, vhost: str, user_changed: MakeEvent
) -> None:
    away = True

    async def away_for_long(conn: AsyncConnection, events: Sequence[Event[UserChanged]], at: datetime) -> list[UUID]:
        if away:
            raise OperationalError("select 1", {}, ConnectionRefusedError("away"))
        return await apply_people(conn, events, at)

    async with running(database, vhost, away_for_long, patience=0.1) as messaging:
        await send(database, [user_changed() for _ in range(250)])

        async def paused() -> bool:
            return not messaging.is_ready

        await until(paused)
        away = False
        await until(lambda: has(database, 250))

        async def ready() -> bool:
            return messaging.is_ready

        await until(ready)
    assert not await letters(vhost)


async def test_bytes_that_are_no_fact_are_dead_and_stop_nothing(
    database: Database, vhost: str, user_changed: MakeEvent
) -> None:
    async with running(database, vhost):
        async with await aio_pika.connect(vhost) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(EVENTS)
            for body in (b"\x00\xff", b"{", b"[]", b"{}"):
                await exchange.publish(aio_pika.Message(body), "identity.user.changed.v1")
        await send(database, [user_changed()])
        await until(lambda: has(database, 1))
        await until(lambda: is_empty(database))
        assert len(await letters(vhost)) == 4


async def test_a_stop_under_load_loses_nothing(database: Database, vhost: str, user_changed: MakeEvent) -> None:
    await send(database, [user_changed() for _ in range(3_000)])
    for _ in range(3):
        async with running(database, vhost):
            await asyncio.sleep(0.05)
    async with running(database, vhost):
        await until(lambda: has(database, 3_000))


async def test_dead_letters_are_grouped_by_cause_sent_again_or_discarded(
    database: Database, vhost: str, user_changed: MakeEvent
) -> None:
    mended = False
    kinds = {new_id(): "this", new_id(): "this", new_id(): "that"}

    async def refuses_some(conn: AsyncConnection, events: Sequence[Event[UserChanged]], at: datetime) -> list[UUID]:
        for event in events:
            if not mended and event.data.id in kinds:
                raise InvalidFact(event, f"not {kinds[event.data.id]} one")
        return await apply_people(conn, events, at)

    async with running(database, vhost, refuses_some), await aio_pika.connect(vhost) as connection:
        await send(database, [user_changed(person) for person in kinds])

        async def all_dead() -> bool:
            return len(await dead_letters.look(connection, SERVICE)) == 3

        await until(all_dead)
        causes = dead_letters.by_cause(await dead_letters.look(connection, SERVICE))
        assert [(one.letters, one.detail) for one in causes] == [(2, "not this one"), (1, "not that one")]
        mended = True
        assert await dead_letters.replay(connection, SERVICE, lambda letter: letter.cause == causes[0].cause) == 2
        await until(lambda: has(database, 2))
        [left] = await dead_letters.look(connection, SERVICE)
        assert (left.reason, left.detail) == ("invalid", "not that one")
        assert await dead_letters.discard(connection, SERVICE, lambda letter: letter.id == left.id) == 1
        assert await dead_letters.look(connection, SERVICE) == []
        assert await count(database) == 2
