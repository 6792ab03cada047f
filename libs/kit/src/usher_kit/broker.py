"""One process's connection to RabbitMQ: topology, the relay's channel and, in a worker, the subscriber."""

import asyncio
import contextlib
from collections.abc import Callable

import aio_pika
import structlog
from aio_pika.abc import AbstractRobustConnection
from faststream.rabbit import RabbitBroker

from usher_kit import topology
from usher_kit.batch import AT_ONCE, Linger
from usher_kit.consuming import Applier
from usher_kit.relay import Relay
from usher_kit.subscriber import FactSubscriber

RECONNECT_SECONDS = 1.0
CONNECT_TRIES = 60

log = structlog.get_logger()


async def connect(url: str, name: str) -> AbstractRobustConnection:
    """Connect and declare the topology, waiting for a broker that is still starting.

    Raises what the last try raised after a minute.
    """
    for left in reversed(range(CONNECT_TRIES)):
        try:
            connection = await aio_pika.connect_robust(
                url, client_properties={"connection_name": name}, reconnect_interval=RECONNECT_SECONDS
            )
            await topology.declare(connection)
        except (OSError, aio_pika.exceptions.AMQPConnectionError) as error:
            if not left:
                raise
            log.info("broker.waits", error=repr(error))
            await asyncio.sleep(RECONNECT_SECONDS)
        else:
            return connection
    raise AssertionError  # the last try returned or raised


class Consumer:
    """Consumes one queue over a connection of its own, from `start` to `stop`."""

    def __init__(
        self,
        url: str,
        applier: Applier,
        *,
        prefetch: int,
        max_facts: int,
        linger: Linger = AT_ONCE,
        queue: str | None = None,
    ) -> None:
        self._broker = RabbitBroker(
            url, apply_types=False, logger=None, graceful_timeout=None, reconnect_interval=RECONNECT_SECONDS
        )
        self._subscriber = FactSubscriber(
            self._broker, applier, prefetch=prefetch, max_facts=max_facts, linger=linger, queue=queue
        )

    @property
    def is_consuming(self) -> bool:
        return self._subscriber.is_consuming

    async def start(self) -> None:
        """Begin to consume. Raises what the broker raises where there is no such queue."""
        self._subscriber.start()
        await self._broker.start()

    async def stop(self) -> None:
        """Finish the batch that is being applied, and give the rest back."""
        await self._subscriber.stop()
        await self._broker.stop()


class Messaging:
    """What one process does with the broker: publishes its service's outbox and, as a worker, applies its queues."""

    def __init__(self, connection: AbstractRobustConnection, relay: Relay) -> None:
        self._connection = connection
        self._relay = relay
        self._relay_task: asyncio.Task[None] | None = None
        self._consumers: list[Consumer] = []

    def start_relay(self) -> Callable[[], None]:
        """Begin to publish. Returns what wakes the relay."""
        self._relay_task = asyncio.create_task(self._relay.run(), name="relay")
        return self._relay.wake

    async def start_consumer(self, consumer: Consumer) -> None:
        """Begin to consume; it ends with this."""
        self._consumers.append(consumer)
        await consumer.start()

    @property
    def is_ready(self) -> bool:
        """Connected, publishing and consuming whatever is to be consumed."""
        relaying = self._relay_task is not None and not self._relay_task.done()
        connected = not self._connection.is_closed and self._connection.connected.is_set()
        return relaying and connected and all(one.is_consuming for one in self._consumers)

    async def stop(self) -> None:
        """Stop consuming, then publish what was just committed, then close."""
        for consumer in self._consumers:
            await consumer.stop()
        if self._relay_task is not None:
            self._relay_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._relay_task
            with contextlib.suppress(Exception):  # what is left waits in the outbox for the next process
                await self._relay.publish_once()
        await self._connection.close()
