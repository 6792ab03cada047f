"""Declares the topology of contracts on a broker; every process does so at its start, and it is the same everywhere."""

from aio_pika import ExchangeType
from aio_pika.abc import AbstractConnection

from usher_contracts.topology import EVENTS, OUTCOMES, UPSTREAM, queues


async def declare(connection: AbstractConnection) -> None:
    """Declare exchanges, queues and bindings. Raises ChannelPreconditionFailed where one differs."""
    async with connection.channel() as channel:
        for exchange in (EVENTS, UPSTREAM, OUTCOMES):
            await channel.declare_exchange(exchange, ExchangeType.TOPIC, durable=True)
        for queue in queues():
            declared = await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
            for key in queue.bindings:
                await declared.bind(queue.exchange, routing_key=key)
