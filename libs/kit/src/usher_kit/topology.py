"""Declares the topology of contracts on a broker; every process does so at its start, and it is the same everywhere."""

from aio_pika import ExchangeType
from aio_pika.abc import AbstractConnection

from usher_contracts.topology import EVENTS, queues


async def declare(connection: AbstractConnection) -> None:
    """Declare exchanges, queues and bindings. Raises ChannelPreconditionFailed where one differs."""
    async with connection.channel() as channel:
        exchange = await channel.declare_exchange(EVENTS, ExchangeType.TOPIC, durable=True)
        for queue in queues():
            declared = await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
            for key in queue.bindings:
                await declared.bind(exchange, routing_key=key)
