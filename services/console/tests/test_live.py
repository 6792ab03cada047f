"""Live figures: from a fact on the broker to the browsers of the tenant that it concerns."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from urllib.parse import urlsplit
from uuid import UUID

import aio_pika
import httpx2
import pytest
from aio_pika.abc import AbstractExchange

from usher_cli.servers import Addresses
from usher_console.http.live import is_unchanged
from usher_console.live import Follower, Hub, listen, stream
from usher_console.sessions import SessionStore
from usher_console.visitors import FRESH_SECONDS, Visitor
from usher_contracts.entitlements import PoolChanged
from usher_contracts.envelope import Cause, Event
from usher_contracts.topology import EVENTS
from usher_kit.ids import new_id
from usher_kit.outbox import to_row
from usher_kit.wire import Message, encode_batch, encode_one

from . import story
from .conftest import SESSION_SECRET, Browser
from .house import World

OTHERS = UUID(int=4242)
SOON = 10.0


def pool_changed(tenant: UUID) -> Event[PoolChanged]:
    fact = PoolChanged(
        tenant_id=tenant,
        version=1,
        id=new_id(),
        org_id=tenant,
        product="learn",
        state="open",
        license_state="active",
        capacity=10,
        capacity_with_grace=10,
        assigned=1,
        waitlisted=0,
        suspended=0,
        as_of=story.NOW,
    )
    return Event.of(fact, id=new_id(), at=story.NOW, cause=Cause())


def one(tenant: UUID) -> Message:
    return encode_one(to_row(pool_changed(tenant)))


def many(tenants: Sequence[UUID]) -> Message:
    return encode_batch([to_row(pool_changed(tenant)) for tenant in tenants])


@contextlib.asynccontextmanager
async def listening(vhost: str, hub: Hub) -> AsyncIterator[AbstractExchange]:
    """The hub listens; yields the exchange that facts are published to."""
    task = asyncio.create_task(listen(vhost, hub))
    async with await aio_pika.connect(vhost) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EVENTS, aio_pika.ExchangeType.TOPIC, durable=True)
        await until(lambda: hub.is_listening)
        yield exchange
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def publish(exchange: AbstractExchange, message: Message) -> None:
    headers = dict(message.headers)
    sent = aio_pika.Message(message.body, content_type=message.content_type, headers=headers)
    await exchange.publish(sent, message.routing_key)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("message", [one(story.DISTRICT), many([OTHERS, story.DISTRICT])], ids=["one", "a batch"])
async def test_a_changed_pool_is_told_to_those_who_follow_its_tenant_alone(vhost: str, message: Message) -> None:
    hub = Hub()
    async with listening(vhost, hub) as exchange:
        with (
            hub.follower(lambda tenant: tenant == story.DISTRICT) as ours,
            hub.follower(lambda tenant: tenant == UUID(int=77)) as theirs,
            hub.follower(lambda _: True) as everything,
        ):
            await publish(exchange, message)
            await until(ours.changed.is_set)
            assert everything.changed.is_set()
            assert not theirs.changed.is_set()


async def test_what_cannot_be_read_is_passed_over(vhost: str) -> None:
    hub = Hub()
    async with listening(vhost, hub) as exchange:
        with hub.follower(lambda tenant: tenant == story.DISTRICT) as ours:
            good = one(story.DISTRICT)
            await publish(exchange, Message(good.routing_key, "application/json", {}, b"{not json"))
            await publish(exchange, good)
            await until(ours.changed.is_set)


async def test_every_process_hears_of_every_change(vhost: str) -> None:
    first, second = Hub(), Hub()
    async with listening(vhost, first) as exchange, listening(vhost, second):
        with first.follower(lambda _: True) as one_browser, second.follower(lambda _: True) as other:
            await publish(exchange, one(story.DISTRICT))
            await until(lambda: one_browser.changed.is_set() and other.changed.is_set())


async def test_after_a_lost_connection_everybody_looks_again(vhost: str, servers: Addresses) -> None:
    hub = Hub()
    async with listening(vhost, hub):
        with hub.follower(lambda _: False) as ours:
            await close_connections(servers, vhost)
            await until(ours.changed.is_set)
            await until(lambda: hub.is_listening)


async def close_connections(servers: Addresses, vhost: str) -> None:
    """The broker closes every connection of the vhost, as it does when it is restarted."""
    name = urlsplit(vhost).path.removeprefix("/")
    async with httpx2.AsyncClient(base_url=servers.rabbitmq_management_url or "") as api:
        async with asyncio.timeout(SOON):
            while not (open_ones := (await api.get(f"/api/vhosts/{name}/connections")).raise_for_status().json()):
                await asyncio.sleep(0.1)
        for connection in open_ones:
            if connection.get("user_provided_name") == "usher-console live":
                await api.delete(f"/api/connections/{connection['name']}")


async def told(hub: Hub, follower: Follower, welcome: list[bool | None]) -> list[str]:
    """What a browser is told while it is, or is not, welcome, as often as given; the last answer stands."""

    async def is_welcome() -> bool | None:
        return welcome.pop(0) if len(welcome) > 1 else welcome[0]

    lines: list[str] = []
    async with asyncio.timeout(SOON):
        async for line in stream(hub, follower, is_welcome):
            lines.append(line.splitlines()[0])
            if line.startswith("event: pools"):
                hub.close()
    return lines


async def test_changes_that_come_together_are_told_as_one() -> None:
    hub = Hub()
    with hub.follower(lambda _: True) as ours:
        for _ in range(5):
            hub.tell([story.DISTRICT])
        assert await told(hub, ours, [True]) == ["event: following", "event: pools"]


async def test_who_is_no_longer_welcome_is_told_nothing_more() -> None:
    hub = Hub()
    with hub.follower(lambda _: True) as ours:
        hub.tell_all()
        assert await told(hub, ours, [False]) == ["event: following", "event: ended"]


async def test_while_nobody_can_be_known_nothing_is_told_and_then_it_is() -> None:
    hub = Hub()
    with hub.follower(lambda _: True) as ours:
        hub.tell_all()
        assert await told(hub, ours, [None, True]) == ["event: following", ": nothing new", "event: pools"]


async def test_a_stream_ends_when_the_process_does() -> None:
    hub = Hub()
    with hub.follower(lambda _: True) as ours:
        hub.close()
        assert await told(hub, ours, [True]) == ["event: following"]


async def test_a_stream_is_welcome_until_sign_out_or_a_change_of_roles(browser: Browser, world: World) -> None:
    await browser.sign_in()
    console = browser.app.state.console
    store = SessionStore(browser.app.state.runtime.redis, SESSION_SECRET)
    before = await store.load(browser.session_id)
    visitor: Visitor = await console.visitors.of(before["token"])
    assert await is_unchanged(console, store, before, visitor)

    world.me = story.administrator("reporter")
    browser.hands.seconds += FRESH_SECONDS
    assert not await is_unchanged(console, store, before, visitor)

    world.me = story.administrator()
    await browser.post("/sign-out")
    assert not await is_unchanged(console, store, before, visitor)


async def test_a_stream_keeps_the_sign_in_fresh(browser: Browser) -> None:
    await browser.sign_in()
    console = browser.app.state.console
    store = SessionStore(browser.app.state.runtime.redis, SESSION_SECRET)
    before = await store.load(browser.session_id)
    visitor = await console.visitors.of(before["token"])
    browser.clock.move_by(minutes=9, seconds=30)
    assert await is_unchanged(console, store, before, visitor)
    assert (await store.load(browser.session_id))["token"] != before["token"]


async def test_the_stream_is_one_of_server_sent_events(browser: Browser) -> None:
    await browser.sign_in()
    browser.app.state.console.hub.is_closing = True
    answer = await browser.http.get("/live")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("event: following\ndata: {}\n\n")
