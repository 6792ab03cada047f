"""The whole program on a real broker: a place in line in, a mail out, and facts for others to hear."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aio_pika
import pytest

from usher_contracts.envelope import Event
from usher_contracts.notifications import DeliveryChanged
from usher_contracts.topology import EVENTS
from usher_kit.outbox import to_row
from usher_kit.service import make_app
from usher_kit.wire import Message, decode, encode_batch
from usher_notifications.main import SERVICE

from .conftest import SECRET
from .story import ANN, MailServer, profile, seat, the_district


async def publish(channel: aio_pika.abc.AbstractChannel, events: Sequence[Event[Any]]) -> None:
    exchange = await channel.get_exchange(EVENTS)
    for event in events:
        message = encode_batch([to_row(event)])
        await exchange.publish(
            aio_pika.Message(message.body, content_type=message.content_type), routing_key=message.routing_key
        )


async def deliveries(channel: aio_pika.abc.AbstractChannel) -> AsyncIterator[DeliveryChanged]:
    """Facts about deliveries, as they come."""
    queue = await channel.declare_queue(exclusive=True)
    await queue.bind(EVENTS, "notifications.#")
    while True:
        if (taken := await queue.get(fail=False, no_ack=True)) is None:
            await asyncio.sleep(0.02)
            continue
        wire = Message(taken.routing_key or "", taken.content_type or "", taken.headers, taken.body)
        for event in decode(wire)[0]:
            yield event.data


async def test_a_place_in_line_becomes_a_mail(
    service_database: str, vhost: str, mail: MailServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    clock = tmp_path / "clock"
    monkeypatch.setenv("USHER_NOTIFICATIONS_DATABASE_URL", service_database)
    monkeypatch.setenv("USHER_RABBITMQ_URL", vhost)
    monkeypatch.setenv("USHER_LINK_SECRET", SECRET.get_secret_value())
    monkeypatch.setenv("USHER_SMTP_URL", f"smtp://127.0.0.1:{mail.port}")
    monkeypatch.setenv("USHER_CLOCK_FILE", str(clock))
    app = make_app(SERVICE)
    async with (
        asyncio.timeout(60),
        app.router.lifespan_context(app),
        await aio_pika.connect(vhost) as connection,
    ):
        channel = await connection.channel()
        heard = deliveries(channel)
        first = asyncio.ensure_future(anext(heard))
        await asyncio.sleep(0)
        await publish(channel, [*the_district()[:5], profile(ANN, "ann@springfield.example")])
        await publish(channel, [seat(ANN, since=app.state.runtime.clock.now())])
        assert (await first).status == "pending"
        clock.write_text("60")
        sent = await anext(heard)
        assert (sent.recipient, sent.status, sent.version) == (ANN, "sent", 2)
    assert mail.recipients == ["ann@springfield.example"]
