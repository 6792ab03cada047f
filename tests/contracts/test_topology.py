"""The topology: queues as every supported broker understands them, bound to just what each service uses."""

from collections.abc import AsyncIterator
from uuid import UUID

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection

from usher_contracts.catalogue import FACTS, LISTENERS, PERSONAL
from usher_contracts.envelope import routing_key
from usher_contracts.topology import (
    EVENTS,
    KNOWN_ARGUMENTS,
    LOG,
    UPSTREAM,
    Queue,
    dead_queue,
    events_queue,
    log_stream,
    outcome_queue,
    queues,
    upstream_queue,
)
from usher_kit.topology import declare


@pytest.fixture
async def connection(vhost: str) -> AsyncIterator[AbstractConnection]:
    connection = await aio_pika.connect(vhost)
    yield connection
    await connection.close()


def test_every_queue_argument_is_one_that_all_supported_brokers_know() -> None:
    found = [*queues(), outcome_queue(UUID(int=1), "hr")]
    assert all(set(queue.arguments) <= KNOWN_ARGUMENTS for queue in found)
    with pytest.raises(ValueError, match="x-single-active-consumr"):
        Queue("misspelt.events", {"x-single-active-consumr": 1})


@pytest.mark.parametrize("service", LISTENERS)
def test_a_service_hears_what_it_listens_to_and_nothing_else(service: str) -> None:
    assert set(events_queue(service).bindings) == {routing_key(fact.type) for fact in LISTENERS[service]}


def test_personal_facts_never_reach_the_log() -> None:
    assert not {routing_key(type_) for type_ in PERSONAL} & set(log_stream().bindings)
    assert set(log_stream().bindings) == {routing_key(type_) for type_ in FACTS if type_ not in PERSONAL}


def test_what_the_broker_gives_up_lands_in_a_queue_that_exists_before() -> None:
    names = [queue.name for queue in queues()]
    inlets = {**{service: events_queue(service) for service in LISTENERS}, "identity": upstream_queue()}
    for service, queue in inlets.items():
        assert queue.arguments["x-dead-letter-routing-key"] == dead_queue(service).name
        assert names.index(dead_queue(service).name) < names.index(queue.name)


def test_dead_letters_are_kept_at_least_once_only_beside_their_two_conditions() -> None:
    for queue in [*map(events_queue, LISTENERS), upstream_queue()]:
        arguments = queue.arguments
        assert arguments["x-dead-letter-strategy"] == "at-least-once"
        assert (arguments["x-queue-type"], arguments["x-overflow"]) == ("quorum", "reject-publish")
        assert arguments["x-delivery-limit"] == 20


async def test_declaring_again_changes_nothing_and_every_type_finds_its_queues(connection: AbstractConnection) -> None:
    await declare(connection)
    await declare(connection)
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    exchange = await channel.get_exchange(EVENTS)
    for type_ in FACTS:
        await exchange.publish(aio_pika.Message(b"{}"), routing_key(type_), mandatory=True)
    for service, facts in LISTENERS.items():
        queue = await channel.declare_queue(events_queue(service).name, passive=True)
        assert queue.declaration_result.message_count == len(facts), service
    with pytest.raises(aio_pika.exceptions.PublishError):
        await exchange.publish(aio_pika.Message(b"{}"), "identity.user.changed.v9", mandatory=True)
    assert (await channel.declare_queue(LOG, passive=True)).name == LOG
    commands = await channel.get_exchange(UPSTREAM)
    await commands.publish(aio_pika.Message(b"{}"), f"{UUID(int=1)}.hr.upstream.user.upsert.v1", mandatory=True)
    heard = await channel.declare_queue(upstream_queue().name, passive=True)
    assert heard.declaration_result.message_count == 1
