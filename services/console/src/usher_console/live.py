"""Live: tells browsers that a pool of their tenant has changed. The queue is this process's own; nothing is kept."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError

from usher_contracts.entitlements import PoolChanged
from usher_contracts.envelope import routing_key
from usher_contracts.topology import EVENTS
from usher_kit.telemetry.names import LIVE_BROWSERS
from usher_kit.wire import Message, decode

DEBOUNCE_SECONDS = 0.2
"""Changes that come together are told as one."""

RECHECK_SECONDS = 4.0
"""How often a stream asks whether its visitor is still one (interfaces: Roles and what they may do)."""

RECONNECT_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class Follower:
    """One browser: which tenants' figures it follows, and whether any has changed."""

    follows: Callable[[UUID], bool]
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Hub:
    """The browsers that follow. `is_listening` while news comes in; `is_closing` once the process stops."""

    is_listening: bool = False
    is_closing: bool = False
    _followers: set[Follower] = field(default_factory=set)

    @contextlib.contextmanager
    def follower(self, follows: Callable[[UUID], bool]) -> Iterator[Follower]:
        """A browser, for as long as it follows."""
        follower = Follower(follows)
        self._followers.add(follower)
        LIVE_BROWSERS.inc()
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            LIVE_BROWSERS.dec()

    def tell(self, tenants: Iterable[UUID]) -> None:
        """Pools of these tenants have changed."""
        changed = set(tenants)
        for follower in self._followers:
            if any(follower.follows(tenant) for tenant in changed):
                follower.changed.set()

    def tell_all(self) -> None:
        """Anything may have changed: news was missed."""
        for follower in self._followers:
            follower.changed.set()

    def close(self) -> None:
        """End every stream, so that none holds up the stop."""
        self.is_closing = True
        self.tell_all()


async def stream(hub: Hub, follower: Follower, is_welcome: Callable[[], Awaitable[bool | None]]) -> AsyncIterator[str]:
    """Server-sent events: `pools` after a change, `ended` when the visitor's access has changed.

    While it cannot be known whether they are welcome (None), nothing is told; it is told afterwards.
    """
    yield event("following")
    while not hub.is_closing:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(follower.changed.wait(), RECHECK_SECONDS)
        welcome = await is_welcome()
        if welcome is False:
            yield event("ended")
            return
        if welcome and follower.changed.is_set():
            await asyncio.sleep(DEBOUNCE_SECONDS)
            follower.changed.clear()
            yield event("pools")
        else:
            yield ": nothing new\n\n"
            await asyncio.sleep(DEBOUNCE_SECONDS)


def event(name: str) -> str:
    return f"event: {name}\ndata: {{}}\n\n"


async def listen(url: str, hub: Hub) -> None:
    """Hand what the broker says of pools to the hub, for ever; where the connection ends, begin again."""
    while True:
        try:
            await listen_once(url, hub)
        except (OSError, AMQPError) as error:
            log.info("live.reconnects", error=repr(error))
        finally:
            hub.is_listening = False
        await asyncio.sleep(RECONNECT_SECONDS)


async def listen_once(url: str, hub: Hub) -> None:
    """One connection with its exclusive queue, until it ends."""

    async def take(message: AbstractIncomingMessage) -> None:
        hub.tell(tenants_of(message))

    async with await aio_pika.connect(url, client_properties={"connection_name": "usher-console live"}) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EVENTS, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        await queue.bind(exchange, routing_key(PoolChanged.type))
        await queue.consume(take, no_ack=True)
        hub.is_listening = True
        hub.tell_all()
        await channel.closed()


def tenants_of(message: AbstractIncomingMessage) -> set[UUID]:
    """Whose pools a message is about; nobody's where it cannot be read, which reporting tells of."""
    wire = Message(message.routing_key or "", message.content_type or "", message.headers, message.body)
    facts, _ = decode(wire)
    return {fact.tenantid for fact in facts}
