"""The whole program on a real broker: a login in, a fact out, for others to hear."""

import asyncio
from collections.abc import Sequence
from typing import Any

import aio_pika
import pytest

from usher_contracts.envelope import Event
from usher_contracts.topology import EVENTS, events_queue
from usher_contracts.usage import SeatActivityChanged
from usher_kit.outbox import to_row
from usher_kit.service import make_app
from usher_kit.wire import Message, decode, encode_batch
from usher_usage.main import SERVICE

from .conftest import SECRET
from .story import ANN, DISTRICT, login, organization, seat


async def publish(channel: aio_pika.abc.AbstractChannel, events: Sequence[Event[Any]]) -> None:
    exchange = await channel.get_exchange(EVENTS)
    message = encode_batch([to_row(event) for event in events])
    await exchange.publish(
        aio_pika.Message(message.body, content_type=message.content_type), routing_key=message.routing_key
    )


async def heard(channel: aio_pika.abc.AbstractChannel, seconds: float = 20) -> SeatActivityChanged:
    """The next activity that reporting would hear of."""
    queue = await channel.get_queue(events_queue("reporting").name)
    async with asyncio.timeout(seconds):
        while True:
            if delivery := await queue.get(fail=False, no_ack=True):
                events, _ = decode(
                    Message(delivery.routing_key or "", delivery.content_type or "", delivery.headers, delivery.body)
                )
                if isinstance(events[0].data, SeatActivityChanged):
                    return events[0].data
            await asyncio.sleep(0.02)


async def test_a_login_travels_through(service_database: str, vhost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USHER_USAGE_DATABASE_URL", service_database)
    monkeypatch.setenv("USHER_RABBITMQ_URL", vhost)
    monkeypatch.setenv("USHER_LINK_SECRET", SECRET.get_secret_value())
    app = make_app(SERVICE)
    async with app.router.lifespan_context(app), await aio_pika.connect(vhost) as connection:
        channel = await connection.channel()
        await publish(channel, [organization(DISTRICT, None)])
        await publish(channel, [seat(ANN)])
        at = app.state.runtime.clock.now()
        await publish(channel, [login(ANN, at)])
        active = await heard(channel)
        assert (active.user_id, active.activity, active.last_login_at, active.version) == (ANN, "active", at, 1)
