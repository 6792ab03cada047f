"""Telling again: nothing is passed over, wherever it stops and whatever changes meanwhile; who asked alone hears."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aio_pika
import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import SeatChanged, SeatEvidence
from usher_contracts.envelope import OPERATORS_TENANT, Cause, Event
from usher_contracts.identity import UserChanged
from usher_contracts.re_emission import EntitlementsReEmissionEnded, ReportingReEmissionRequested
from usher_contracts.topology import rebuild_queue
from usher_kit import outbox
from usher_kit.broker import connect
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier
from usher_kit.database import Database
from usher_kit.directory import apply_people
from usher_kit.ids import new_id
from usher_kit.loops import Loops
from usher_kit.re_emission.requests import taking
from usher_kit.re_emission.sources import NIL, Current, History
from usher_kit.re_emission.telling import telling
from usher_kit.relay import Relay
from usher_kit.runtime import Runtime
from usher_kit.settings import ServiceSettings
from usher_kit.topology import declare_queue
from usher_kit.wire import Message, decode

from .conftest import DAY, SERVICE, TENANT

MakeEvent = Callable[..., Event[UserChanged]]
QUEUE = rebuild_queue("reporting", [UserChanged])
REQUEST = UUID(int=77)
PEOPLE = text("""
    select tenant_id, id, org_id, status, status_since, version from person
    where (tenant_id, id) > (cast(cast(:tenant as text) as uuid), cast(cast(:after as text) as uuid))
    order by tenant_id, id limit :limit
""")


async def tell_people(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[UserChanged]:
    rows = await conn.execute(PEOPLE, {"tenant": after[0], "after": after[1], "limit": limit})
    return [UserChanged.model_validate({**row._asdict(), "roles": ()}) for row in rows]


SOURCES = (
    Current(UserChanged, tell_people, ("tenant_id", "id"), (NIL, NIL)),
    History(SeatChanged, unkept=("evidence", "note")),
)
KEPT = {source.routing_key: source.left_out for source in SOURCES if isinstance(source, History)}


def seat(version: int, note: str | None = None) -> Event[SeatChanged]:
    fact = SeatChanged(
        tenant_id=TENANT,
        user_id=UUID(int=5),
        product="learn",
        org_id=TENANT,
        state="assigned",
        from_state="none",
        claim="assigned",
        reason="role_granted",
        since=DAY,
        evidence=SeatEvidence(note=note),
        version=version,
        previous_version=version - 1,
    )
    return Event.of(fact, id=new_id(), at=DAY, cause=Cause(actor="user:7", changeset="import-1"))


class Owner:
    """A service that tells again, by rounds of its loop; `heard` is what it has put into its outbox for the queue."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.runtime = Runtime(SERVICE, ServiceSettings(), database, FixedClock(DAY), Redis(), Loops[Any](SERVICE))
        self.heard: list[Event[Any]] = []

    async def ask(self, *types: str, version: int = 1, wanted: bool = True) -> None:
        fact = ReportingReEmissionRequested(
            tenant_id=OPERATORS_TENANT, id=REQUEST, queue=QUEUE.name, types=types, wanted=wanted, version=version
        )
        event = Event.of(fact, id=new_id(), at=DAY, cause=Cause())
        await Applier(SERVICE, taking(SOURCES), self.database, FixedClock(DAY)).run([event], [])

    async def go_on(self, page: int) -> bool:
        """One round, as after a start, and the relay's part of it: what is for the queue leaves the outbox."""
        is_busy = await telling(SOURCES, page).run(self.runtime)
        async with self.database.transaction_of_all([OPERATORS_TENANT]) as conn:
            rows = await conn.execute(
                text("""
                    with gone as (
                        delete from outbox where queue is not null returning id, routing_key, attributes, body
                    )
                    select routing_key, attributes, body from gone order by id
                """)
            )
            for key, attributes, body in rows:
                headers = {f"ce-{name}": value for name, value in orjson.loads(attributes).items()}
                events, refused = decode(Message(key, "application/json", headers, body.encode()))
                assert not refused
                self.heard += events
        return is_busy

    async def change(self, *events: Event[Any]) -> None:
        async with self.database.transaction({event.tenantid for event in events}) as conn:
            await conn.execute(text("insert into tenant values (:id) on conflict do nothing"), {"id": TENANT})
            await apply_people(conn, events, DAY)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Owner]:
    owner = Owner(database)
    yield owner
    await owner.runtime.redis.aclose()
    await owner.runtime.outbound.aclose()


@pytest.mark.parametrize("seed", range(3))
async def test_every_entity_is_told_wherever_it_is_stopped_and_whatever_changes(
    owner: Owner, user_changed: MakeEvent, seed: int
) -> None:
    """Between two pages people change and others come; who changes is told of by that change itself."""
    people = [UUID(int=number * 10 + 1) for number in range(1, 12)]
    await owner.change(*(user_changed(person) for person in people))
    await owner.ask(UserChanged.type, "usher.identity.organization.changed.v1")
    late, page = iter(people), 2 + seed
    while await owner.go_on(page):
        if (person := next(late, None)) is not None:
            await owner.change(user_changed(person, version=2), user_changed(UUID(int=person.int + 4)))
    told = [event for event in owner.heard if isinstance(event.data, UserChanged)]
    assert {event.data.id for event in told} >= set(people)
    assert {event.reemission for event in owner.heard} == {str(REQUEST)}
    assert isinstance(owner.heard[-1].data, EntitlementsReEmissionEnded), "the last of all"
    assert [(one.type, one.facts) for one in owner.heard[-1].data.told] == [(UserChanged.type, len(told))]
    assert not await owner.go_on(page), "it is over"


async def test_who_gives_up_asking_is_told_nothing_more(owner: Owner, user_changed: MakeEvent) -> None:
    await owner.change(*(user_changed() for _ in range(6)))
    await owner.ask(UserChanged.type)
    assert await owner.go_on(page=3)
    await owner.ask(UserChanged.type, version=2, wanted=False)
    await owner.ask(UserChanged.type, version=1)
    assert not await owner.go_on(page=3)
    assert len(owner.heard) == 3


async def test_facts_of_the_day_go_first(owner: Owner, user_changed: MakeEvent) -> None:
    await owner.change(*(user_changed() for _ in range(4)))
    await owner.ask(UserChanged.type)
    async with owner.database.transaction([TENANT]) as conn:
        await outbox.add(conn, [user_changed() for _ in range(2)])
    assert await owner.go_on(page=2)
    assert owner.heard == []


@asynccontextmanager
async def published(database: Database, vhost: str) -> AsyncIterator[tuple[Relay, aio_pika.abc.AbstractConnection]]:
    connection = await connect(vhost, "test")
    yield Relay(database, connection, SERVICE, KEPT), connection
    await connection.close()


async def lines(database: Database) -> list[Any]:
    async with database.transaction([TENANT]) as conn:
        return list(await conn.execute(text("select id, attributes, body from told order by id")))


async def test_the_relay_keeps_what_it_told_once_and_without_what_may_be_personal(
    database: Database, vhost: str, user_changed: MakeEvent
) -> None:
    told: list[Event[Any]] = [seat(1, "since she asked"), seat(2)]
    async with published(database, vhost) as (relay, _):
        for events in ([*told, user_changed()], told[:1]):
            async with database.transaction([TENANT]) as conn:
                await outbox.add(conn, events)
            await relay.publish_once()
            assert await relay.publish_once() == 0
    kept = await lines(database)
    assert [str(line.id) for line in kept] == [event.id for event in told]
    assert [orjson.loads(line.body)["version"] for line in kept] == [1, 2]
    assert not any("she asked" in line.body for line in kept)


async def test_history_is_heard_as_it_was_told_by_who_asked_alone(owner: Owner, vhost: str) -> None:
    database, told = owner.database, [seat(version) for version in range(1, 8)]
    async with published(database, vhost) as (relay, connection):
        await declare_queue(connection, QUEUE)
        async with database.transaction([TENANT]) as conn:
            await conn.execute(text("insert into tenant values (:id)"), {"id": TENANT})
            await outbox.add(conn, told)
        await owner.ask(SeatChanged.type)
        assert await telling(SOURCES, 8).run(owner.runtime)
        await relay.publish_once()
        while await telling(SOURCES, 3).run(owner.runtime):
            await relay.publish_once()
        await relay.publish_once()
        heard = await taken(connection, QUEUE.name)
        assert [event.data for event in heard[:-1]] == [event.data for event in told]
        assert [event.id for event in heard[:-1]] == [event.id for event in told]
        assert {(event.actor, event.changeset, event.reemission) for event in heard[:-1]} == {
            ("user:7", "import-1", str(REQUEST))
        }
        assert heard[-1].data.told[0].facts == len(told)
        assert len(await taken(connection, "reporting.events")) == len(told), "others heard each once, in its time"
    assert len(await lines(database)) == len(told), "what is told again is no history of its own"


async def taken(connection: aio_pika.abc.AbstractConnection, name: str) -> list[Event[Any]]:
    """The facts in a queue, in its order."""
    found: list[Event[Any]] = []
    async with connection.channel() as channel:
        queue = await channel.declare_queue(name, passive=True)
        waiting = queue.declaration_result.message_count or 0
        async with queue.iterator(no_ack=True, timeout=10) as messages:
            while waiting:
                message = await anext(messages)
                wire = Message(message.routing_key or "", message.content_type or "", message.headers, message.body)
                events, refused = decode(wire)
                assert not refused
                found += events
                waiting -= 1
    return found


async def test_what_is_for_a_queue_that_is_gone_stops_nothing(
    owner: Owner, vhost: str, user_changed: MakeEvent
) -> None:
    await owner.change(*(user_changed() for _ in range(3)))
    await owner.ask(UserChanged.type)
    async with published(owner.database, vhost) as (relay, _):
        assert await telling(SOURCES, 5).run(owner.runtime)
        async with asyncio.timeout(5):
            assert await relay.publish_once() == 3
            assert await relay.publish_once() == 0
