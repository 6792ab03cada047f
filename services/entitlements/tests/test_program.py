"""The whole program on a real broker: facts in, a term bought, its work list worked off, seats out for others."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import aio_pika
import pytest

from usher_contracts.entitlements import SeatChanged
from usher_contracts.envelope import Cause, Event
from usher_contracts.topology import EVENTS, events_queue
from usher_entitlements.main import SERVICE
from usher_entitlements.use_cases.license_terms import buy_term
from usher_kit.outbox import to_row
from usher_kit.service import make_app
from usher_kit.wire import Message, decode, encode_batch

from .story import DISTRICT, organization, person, term


async def publish(channel: aio_pika.abc.AbstractChannel, events: Sequence[Event[Any]]) -> None:
    exchange = await channel.get_exchange(EVENTS)
    message = encode_batch([to_row(event) for event in events])
    await exchange.publish(
        aio_pika.Message(message.body, content_type=message.content_type), routing_key=message.routing_key
    )


async def heard(channel: aio_pika.abc.AbstractChannel, seats: int, seconds: float = 30) -> list[SeatChanged]:
    """The next seats that reporting would hear of, this many."""
    queue = await channel.get_queue(events_queue("reporting").name)
    found: list[SeatChanged] = []
    async with asyncio.timeout(seconds):
        while len(found) < seats:
            if delivery := await queue.get(fail=False, no_ack=True):
                events, _ = decode(
                    Message(delivery.routing_key or "", delivery.content_type or "", delivery.headers, delivery.body)
                )
                found += [event.data for event in events if isinstance(event.data, SeatChanged)]
            await asyncio.sleep(0.02)
    return found


async def test_people_known_before_a_term_are_seated_and_told(
    service_database: str, vhost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USHER_ENTITLEMENTS_DATABASE_URL", service_database)
    monkeypatch.setenv("USHER_RABBITMQ_URL", vhost)
    app = make_app(SERVICE)
    async with app.router.lifespan_context(app), await aio_pika.connect(vhost) as connection:
        channel = await connection.channel()
        await publish(channel, [organization(DISTRICT, None)])
        await publish(channel, [person(n, "learner", org=DISTRICT, on=n) for n in range(3)])
        database, at = app.state.runtime.database, app.state.runtime.clock.now()
        async with asyncio.timeout(30):
            while DISTRICT not in await database.all_tenants():
                await asyncio.sleep(0.02)
        bought = replace(term(2), starts_at=at - timedelta(days=1), ends_at=at + timedelta(days=300))
        async with database.transaction([DISTRICT]) as conn:
            await buy_term(conn, bought, at, Cause())
        told = {fact.user_id: (fact.state, fact.reason) for fact in await heard(channel, 3)}
    assert {user.int - 1_000: state for user, (state, _) in told.items()} == {
        0: "assigned",
        1: "assigned",
        2: "waitlisted",
    }
    assert told[UUID(int=1_000)] in [("assigned", "license_started"), ("assigned", "role_granted")]
