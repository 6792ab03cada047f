"""The subscriber: FastStream delivers, a batch gathers, one loop applies and then acknowledges."""

import asyncio
import contextlib
from typing import Any

import structlog
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from faststream.rabbit.message import RabbitMessage
from faststream.rabbit.subscriber import RabbitSubscriber

from usher_contracts.topology import inlet
from usher_kit.batch import AT_ONCE, Batch, Drained, Linger, Waiting
from usher_kit.consuming import Applier, Outage
from usher_kit.wire import Message

FINISH_SECONDS = 20.0
"""How long a stop waits for the batch that is being applied; after that it goes back to the queue."""

PAUSE_SECONDS = 1.0

log = structlog.get_logger()


async def undecoded(message: RabbitMessage) -> RabbitMessage:
    """The message as it came: contracts are decoded a batch at a time."""
    return message


class FactSubscriber:
    """One consumer of a service: its own channel (`ack(multiple)` acts on a channel), its batch and its loop.

    Without the name of another `queue`, it consumes the service's one inlet.
    """

    def __init__(
        self,
        broker: RabbitBroker,
        applier: Applier,
        *,
        prefetch: int,
        max_facts: int,
        linger: Linger = AT_ONCE,
        queue: str | None = None,
    ) -> None:
        self._applier = applier
        self._batch = Batch(max_facts, applier.read)
        self._linger = linger
        self._arrived = asyncio.Event()
        self._is_waited_for = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False
        self._is_paused = False
        self._subscriber: RabbitSubscriber = broker.subscriber(
            RabbitQueue(queue or inlet(applier.service), declare=False),
            channel=Channel(prefetch_count=prefetch),
            decoder=undecoded,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )
        self._subscriber(self._take)

    @property
    def is_consuming(self) -> bool:
        """Whether the broker hands messages to this consumer: a connection alone is not enough."""
        queue = self._subscriber._queue_obj  # noqa: SLF001 (FastStream does not tell)
        is_open = self._subscriber.running and queue is not None and not queue.channel.is_closed
        return is_open and not self._is_paused and self._loop is not None and not self._loop.done()

    def start(self) -> None:
        """Begin to apply; the broker's own start begins the delivery."""
        self._loop = asyncio.create_task(self._run(), name=f"{self._applier.service} facts")

    async def stop(self) -> None:
        """Cancel the consumer, finish the batch that is being applied, give the rest back."""
        self._stopping = True
        await self._cancel()
        self._is_waited_for.set()
        self._arrived.set()
        if self._loop is not None:
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._loop, FINISH_SECONDS)
        for waiting in self._batch.abandon():
            waiting.done.cancel()

    async def _cancel(self) -> None:
        """Ask the broker for no more. What was handed over and not acknowledged is still ours."""
        queue, tag = self._subscriber._queue_obj, self._subscriber._consumer_tag  # noqa: SLF001
        if queue is not None and tag is not None and not queue.channel.is_closed:
            with contextlib.suppress(Exception):  # a broker that is gone has cancelled it already
                await queue.cancel(tag)

    async def _take(self, message: RabbitMessage) -> None:
        raw = message.raw_message
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wire = Message(raw.routing_key or "", raw.content_type or "", raw.headers, raw.body)
        self._batch.add(Waiting(wire, raw, done))
        if self._linger.is_over(wire, len(self._batch)):
            self._is_waited_for.set()
        self._arrived.set()
        with contextlib.suppress(asyncio.CancelledError):
            await done

    async def _run(self) -> None:
        while not self._stopping:
            await self._arrived.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._linger.seconds):
                    await self._is_waited_for.wait()
            self._is_waited_for.clear()
            self._arrived.clear()
            while self._batch.is_ready and not self._stopping:
                await self._apply(self._batch.drain())

    async def _apply(self, drained: Drained) -> None:
        try:
            await self._applier.run(drained.events, drained.refused)
        except Outage as outage:
            await self._sit_out(outage, drained)
        else:
            await acknowledge(drained.messages[-1].delivery)
        for waiting in drained.messages:
            if not waiting.done.done():
                waiting.done.set_result(None)

    async def _sit_out(self, outage: Outage, drained: Drained) -> None:
        """Give everything back, once, and consume again when the database answers.

        A delivery that is held for half an hour would close the channel (messages: On RabbitMQ).
        """
        log.warning("consumer.paused", service=self._applier.service, error=str(outage))
        self._is_paused = True
        await self._cancel()
        held = [*drained.messages, *self._batch.abandon()]
        await give_back(held[-1].delivery)
        for waiting in held:
            waiting.done.cancel()
        while not self._stopping and not await self._applier.answers():  # noqa: ASYNC110 (a server announces nothing)
            await asyncio.sleep(PAUSE_SECONDS)
        queue = self._subscriber._queue_obj  # noqa: SLF001
        if queue is not None and not self._stopping:
            self._subscriber._consumer_tag = await queue.consume(self._subscriber.consume)  # type: ignore[arg-type] # noqa: SLF001
            self._is_paused = False
            log.warning("consumer.resumed", service=self._applier.service)


async def acknowledge(delivery: Any) -> None:
    """Acknowledge this delivery and all before it. Where the channel is gone, they come again and change nothing."""
    try:
        await delivery.ack(multiple=True)
    except Exception as error:  # noqa: BLE001
        log.info("acknowledge.lost", error=repr(error))


async def give_back(delivery: Any) -> None:
    """Return this delivery and all before it to the queue."""
    try:
        await delivery.nack(multiple=True, requeue=True)
    except Exception as error:  # noqa: BLE001
        log.info("return.lost", error=repr(error))
