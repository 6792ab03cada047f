"""Declares the topology of contracts on a broker; every process does so at its start, and it is the same everywhere."""

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection

from usher_contracts.topology import EVENTS, OUTCOMES, UPSTREAM, Queue, queues


async def declare(connection: AbstractConnection) -> None:
    """Declare exchanges, queues and bindings. Raises ChannelPreconditionFailed where one differs."""
    async with connection.channel() as channel:
        for exchange in (EVENTS, UPSTREAM, OUTCOMES):
            await channel.declare_exchange(exchange, ExchangeType.TOPIC, durable=True)
        for queue in queues():
            await declare_on(channel, queue)


async def declare_queue(connection: AbstractConnection, queue: Queue) -> None:
    """Declare one queue with its bindings, for one that is not always there."""
    async with connection.channel() as channel:
        await declare_on(channel, queue)


async def declare_on(channel: AbstractChannel, queue: Queue) -> None:
    declared = await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
    for key in queue.bindings:
        await declared.bind(queue.exchange, routing_key=key)


async def remove_queue(connection: AbstractConnection, name: str) -> None:
    """Remove a queue with all that is in it; one that is not there is as well."""
    async with connection.channel() as channel:
        await channel.queue_delete(name)
