"""One upstream at a hundred times its quota: it is answered, command by command, and another's change arrives."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, HeadersType

from usher_cli.clients.session import Session
from usher_contracts.topology import UPSTREAM

from .system import SYSTEM, District, System
from .test_upstream import usher

pytestmark = SYSTEM

QUOTA = 20
FLOOD = 100 * QUOTA


@pytest.fixture
def upstreams(system: System, district: District) -> Iterator[dict[str, dict[str, Any]]]:
    loud = usher(system, "add", "loud", "--org", district.id, "--quota", str(QUOTA), "--json")
    calm = usher(system, "add", "calm", "--org", district.id, "--json")
    yield {"loud": loud, "calm": calm}
    for one in (loud, calm):
        usher(system, "remove", one["id"])


async def say(channel: AbstractChannel, upstream: dict[str, Any], number: int) -> None:
    """A person of the upstream, as one message."""
    key = upstream["routing_keys"].replace("#", "user.upsert.v1")
    name = f"{upstream['name']}-{number}"
    person = {"external_id": name, "user_name": name, "display_name": name, "organization": "d1", "roles": []}
    headers: HeadersType = {"ce-id": str(uuid4()), "ce-sequence": "1"}
    exchange = await channel.get_exchange(UPSTREAM, ensure=False)
    await exchange.publish(
        aio_pika.Message(json.dumps(person).encode(), content_type="application/json", headers=headers), key
    )


async def outcomes(channel: AbstractChannel, upstream: dict[str, Any], wanted: int) -> list[str]:
    """What became of the next `wanted` commands."""
    queue = await channel.get_queue(upstream["outcome_queue"], ensure=False)
    found: list[str] = []
    async with asyncio.timeout(60), queue.iterator(no_ack=True) as messages:
        async for message in messages:
            body = json.loads(message.body)
            found += [one["data"]["status"] for one in body] if isinstance(body, list) else [body["status"]]
            if len(found) >= wanted:
                break
    return found


async def test_who_sends_too_much_is_refused_and_another_is_heard(
    session: Session, district: District, upstreams: dict[str, dict[str, Any]]
) -> None:
    session.identity.create_organization({"name": "D1", "parent_id": district.id, "external_id": "d1", "source": "sis"})
    loud, calm = upstreams["loud"], upstreams["calm"]
    async with await aio_pika.connect(loud["url"]) as one, await aio_pika.connect(calm["url"]) as other:
        loudly, calmly = await one.channel(), await other.channel()
        await asyncio.gather(*(say(loudly, loud, number) for number in range(FLOOD)))
        await say(calmly, calm, 1)
        assert await outcomes(calmly, calm, 1) == ["taken"]
        answered = Counter(await outcomes(loudly, loud, FLOOD))
    assert answered.keys() == {"taken", "refused"}
    assert QUOTA <= answered["taken"] <= 2 * QUOTA, "those of the minute, or of the two that it fell into"
    assert answered.total() == FLOOD
