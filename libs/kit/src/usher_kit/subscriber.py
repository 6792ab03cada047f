"""The subscriber: FastStream delivers, a batch gathers, one loop applies and then acknowledges."""

import asyncio
import contextlib
from typing import Any

import structlog
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from faststream.rabbit.message import RabbitMessage
from faststream.rabbit.subscriber import RabbitSubscriber

from usher_contracts.topology import events_queue
from usher_kit.batch import Batch, Waiting
from usher_kit.consuming import Applier
from usher_kit.wire import Message

log = structlog.get_logger()


async def undecoded(message: RabbitMessage) -> RabbitMessage:
    """The message as it came: contracts are decoded a batch at a time."""
    return message


class FactSubscriber:
    """One service's consumer: its own channel (`ack(multiple)` acts on a channel), its batch and its loop."""

    def __init__(self, broker: RabbitBroker, applier: Applier, *, prefetch: int, max_facts: int) -> None:
        self._applier = applier
        self._batch = Batch(max_facts)
        self._arrived = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False
        queue = events_queue(applier.service)
        self._subscriber: RabbitSubscriber = broker.subscriber(
            RabbitQueue(queue.name, declare=False),
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
        return self._subscriber.running and queue is not None and not queue.channel.is_closed and self._is_looping

    @property
    def _is_looping(self) -> bool:
        return self._loop is not None and not self._loop.done()

    def start(self) -> None:
        """Begin to apply; the broker's own start begins the delivery."""
        self._loop = asyncio.create_task(self._run(), name=f"{self._applier.service} facts")

    async def stop(self) -> None:
        """Cancel the consumer, finish the batch that is being applied, give the rest back."""
        queue, tag = self._subscriber._queue_obj, self._subscriber._consumer_tag  # noqa: SLF001
        if queue is not None and tag is not None and not queue.channel.is_closed:
            with contextlib.suppress(Exception):  # a broker that is gone has cancelled it already
                await queue.cancel(tag)
        self._stopping = True
        self._arrived.set()
        if self._loop is not None:
            await self._loop
        for waiting in self._batch.abandon():
            waiting.done.cancel()

    async def _take(self, message: RabbitMessage) -> None:
        raw = message.raw_message
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wire = Message(raw.routing_key or "", raw.content_type or "", raw.headers, raw.body)
        self._batch.add(Waiting(wire, raw, done))
        self._arrived.set()
        with contextlib.suppress(asyncio.CancelledError):
            await done

    async def _run(self) -> None:
        while not self._stopping:
            await self._arrived.wait()
            self._arrived.clear()
            while self._batch.is_ready and not self._stopping:
                drained = self._batch.drain()
                await self._applier.run(drained.events, drained.refused)
                await acknowledge(drained.messages[-1].delivery)
                for waiting in drained.messages:
                    if not waiting.done.done():
                        waiting.done.set_result(None)


async def acknowledge(delivery: Any) -> None:
    """Acknowledge this delivery and all before it. Where the channel is gone, they come again and change nothing."""
    try:
        await delivery.ack(multiple=True)
    except Exception as error:  # noqa: BLE001
        log.info("acknowledge.lost", error=repr(error))
