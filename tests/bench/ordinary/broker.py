"""The ordinary way's broker and database: a queue a kind of message, a handler a message, an ORM session a handler."""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable
from logging import getLogger
from pathlib import Path
from typing import Any, TypeAlias

from faststream import AckPolicy, BaseMiddleware, StreamMessage
from faststream.rabbit import Channel, ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from usher_contracts.envelope import Cause, Event, Fact, routing_key
from usher_kit.database import async_url
from usher_kit.ids import new_id
from usher_kit.service import COLLECT

HANDLERS = 8
PREFETCH = 64

Handler: TypeAlias = Callable[[Event[Any]], Awaitable[None]]

EXCHANGE = RabbitExchange("ordinary.events", type=ExchangeType.TOPIC, durable=True)


class Eight(BaseMiddleware):
    """At most eight handlers at once in a process, whatever is delivered ahead."""

    free = asyncio.Semaphore(HANDLERS)

    async def consume_scope(
        self, call_next: Callable[[StreamMessage[Any]], Awaitable[Any]], msg: StreamMessage[Any]
    ) -> Any:
        async with self.free:
            return await call_next(msg)


class Base(DeclarativeBase):
    """What the product's tables are mapped by."""


def mapped(table: Table) -> Any:
    """A class whose objects are rows of `table`."""
    return type(table.name.title().replace("_", ""), (Base,), {"__table__": table})


class Program:
    """One service: its name, its queues, its sessions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.broker = RabbitBroker(os.environ["USHER_RABBITMQ_URL"], logger=getLogger(name), middlewares=[Eight])
        self.engine = create_async_engine(
            async_url(os.environ[f"USHER_{name.upper()}_DATABASE_URL"]),
            pool_size=HANDLERS + 1,
            connect_args={"server_settings": {"timezone": "UTC", "jit": "off"}},
        )
        self.sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(self.engine, expire_on_commit=False)

    def subscribes(self, fact: type[Fact]) -> Callable[[Handler], Handler]:
        """Decorates the handler of a kind of message. One that raises has its message delivered again."""
        key = routing_key(fact.type)
        subscriber = self.broker.subscriber(
            RabbitQueue(f"{self.name}.{key}", queue_type=QueueType.QUORUM, durable=True, routing_key=key),
            EXCHANGE,
            channel=Channel(prefetch_count=PREFETCH),
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
        )

        def subscribe(handler: Handler) -> Handler:
            subscriber(handler)
            return handler

        return subscribe

    async def publish(self, *events: Event[Any]) -> None:
        """Publish after the commit, side by side, each until it is confirmed."""
        await asyncio.gather(
            *(
                self.broker.publish(event, exchange=EXCHANGE, routing_key=routing_key(event.type), persist=True)
                for event in events
            )
        )

    async def run(self, beside: Callable[[], Awaitable[None]] | None = None) -> None:
        """Consume until asked to stop; `beside` runs as long."""
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with self.broker:
            await self.broker.start()
            task = asyncio.ensure_future(beside()) if beside else None
            gc.freeze()
            gc.set_threshold(*COLLECT)
            ready()
            await stop.wait()
            if task:
                task.cancel()
        await self.engine.dispose()


def ready() -> None:
    Path(os.environ["BENCH_READY"]).touch()


def caused(fact: Fact, cause: Event[Any], at: Any) -> Event[Any]:
    """The event that tells `fact`."""
    return Event.of(fact, id=new_id(), at=at, cause=Cause.of(cause))
