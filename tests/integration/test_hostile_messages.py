"""Messages that can never apply: each lands in the dead letters of who would have read it, and stops nothing else."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from usher_contracts.catalogue import LISTENERS
from usher_contracts.envelope import routing_key
from usher_contracts.identity import UserChanged
from usher_contracts.topology import EVENTS, dead_queue
from usher_kit.wire import MAX_BODY_BYTES

from .system import PATIENCE_SECONDS, SYSTEM, District, System, eventually

pytestmark = SYSTEM

KEY = routing_key(UserChanged.type)
LATER = 2**52
"""A version after all that identity has told, in whichever epoch."""

HEARD_BY = [service for service, facts in LISTENERS.items() if UserChanged in facts]
BROKEN: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("broken JSON", b'{"id": ', {}, "invalid"),
    ("a wrong type", b'{"id": 7, "roles": "all"}', {}, "invalid"),
    ("an unknown major", b"{}", {"ce-type": "usher.identity.user.changed.v7"}, "unknown_type"),
    ("no fact at all", b"\x00\xff\x00", {"ce-type": 17}, "unknown_type"),
    ("an oversized body", b"[" + b" " * MAX_BODY_BYTES + b"]", {}, "oversized"),
]


@pytest.fixture
async def channel(system: System) -> AsyncIterator[AbstractChannel]:
    async with system.channel() as channel:
        yield channel


@pytest.mark.parametrize(("story", "body", "headers", "reason"), BROKEN, ids=[story for story, *_ in BROKEN])
async def test_it_is_dead_with_its_reason_for_every_listener(
    channel: AbstractChannel, story: str, body: bytes, headers: dict[str, Any], reason: str
) -> None:
    await publish(channel, body, headers)
    for service in HEARD_BY:
        dead = await take_dead(channel, service)
        assert dead.headers["ce-deadreason"] == reason, (story, service)
        assert dead.headers["ce-deaddetail"], (story, service)


async def test_the_good_ones_around_it_apply(channel: AbstractChannel, district: District) -> None:
    district.license("learn", seats=5)
    for n in range(3):
        for _, body, headers, _ in BROKEN:
            await publish(channel, body, headers)
        district.person(f"learner-{n}", "learner")
    eventually(lambda: district.assigned("learn") == 3)
    for service in HEARD_BY:
        for _ in range(3 * len(BROKEN)):
            await take_dead(channel, service)


async def test_one_bad_fact_does_not_spoil_its_batch(channel: AbstractChannel, district: District) -> None:
    """The batch's other facts are forged for a district that is there, so that their effect can be seen."""
    district.license("learn", seats=5)
    person = district.person("ada")
    eventually(lambda: district.figures("learn").get("total_licensed") == 5)
    good = event(district, person, version=LATER, roles=[{"role": "learner", "since": "2026-01-01T00:00:00Z"}])
    bad = event(district, person, version=0)
    message = aio_pika.Message(json.dumps([bad, good, bad]).encode(), content_type="application/cloudevents-batch+json")
    await (await channel.get_exchange(EVENTS)).publish(message, KEY, mandatory=True)
    eventually(lambda: district.assigned("learn") == 1)
    for service in HEARD_BY:
        for _ in range(2):
            assert "version" in str((await take_dead(channel, service)).headers["ce-deaddetail"])


async def test_a_fact_of_one_tenant_under_the_name_of_another_is_refused(
    channel: AbstractChannel, district: District
) -> None:
    forged = event(district, district.person("ada"), version=LATER) | {
        "tenantid": "0192f0c0-0000-7000-8000-000000000000"
    }
    headers = {f"ce-{name}": str(value) for name, value in forged.items() if name != "data"}
    await publish(channel, json.dumps(forged["data"]).encode(), headers)
    for service in HEARD_BY:
        assert "tenantid" in str((await take_dead(channel, service)).headers["ce-deaddetail"])


def event(
    district: District, person: str, *, version: int, roles: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """A person's change as a CloudEvent."""
    return {
        "specversion": "1.0",
        "id": f"{person}-{version}",
        "source": "/usher/identity",
        "type": UserChanged.type,
        "subject": person,
        "time": "2026-01-01T00:00:00Z",
        "tenantid": district.id,
        "data": {
            "tenant_id": district.id,
            "id": person,
            "org_id": district.id,
            "status": "active",
            "status_since": "2026-01-01T00:00:00Z",
            "roles": roles or [],
            "version": version,
            "previous_version": max(0, version - 1),
        },
    }


async def publish(channel: AbstractChannel, body: bytes, headers: dict[str, Any]) -> None:
    message = aio_pika.Message(body, headers=headers, content_type="application/json")
    await (await channel.get_exchange(EVENTS)).publish(message, KEY, mandatory=True)


async def take_dead(channel: AbstractChannel, service: str) -> aio_pika.abc.AbstractIncomingMessage:
    """The next dead letter of a service, taken out of its queue."""
    queue = await channel.get_queue(dead_queue(service).name)
    async with queue.iterator(timeout=PATIENCE_SECONDS) as letters:
        letter = await letters.__anext__()
        await letter.ack()
    return letter
