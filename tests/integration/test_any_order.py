"""Facts in any number and any order have the effect of their highest version (seats: Invariants, I5)."""

import asyncio
import random
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from usher_cli.clients.calls import new_trace_id
from usher_contracts.topology import EVENTS

from .system import SYSTEM, District, System, settle

pytestmark = SYSTEM


@pytest.mark.parametrize("seed", range(2))
async def test_facts_ten_times_and_shuffled_change_nothing(system: System, district: District, seed: int) -> None:
    async with system.channel() as channel:
        tap = await channel.declare_queue(exclusive=True)
        await tap.bind(EVENTS, routing_key="#")
        await asyncio.to_thread(live_a_little, district)
        await asyncio.to_thread(settle, district.session)
        facts = await everything_in(tap)
        await tap.unbind(EVENTS, routing_key="#")
        before = await asyncio.to_thread(state, district)
        again = facts * 10
        random.Random(seed).shuffle(again)
        exchange = await channel.get_exchange(EVENTS)
        for fact in again:
            await exchange.publish(copy_of(fact), str(fact.routing_key), mandatory=False)
        await asyncio.to_thread(settle, district.session)
    assert len(facts) > 20
    assert await asyncio.to_thread(state, district) == before


def live_a_little(district: District) -> None:
    """Enough of a story that everybody's seats have several versions: granted, waited for, given back, promoted."""
    identity = district.session.identity
    district.license("learn", seats=2)
    district.license("observe", seats=1)
    people = [district.person(f"teacher-{n}", "learner", "observable") for n in range(4)]
    for person in people[:2]:
        identity.set_roles(person, ["observer"], new_trace_id())
    identity.set_roles(people[0], [], new_trace_id())
    identity.set_roles(people[0], ["learner", "observer"], new_trace_id())
    identity.calls.send("PATCH", f"/v1/users/{people[3]}", json={"status": "suspended"})
    district.license("observe", seats=1)
    identity.calls.send("PATCH", f"/v1/users/{people[3]}", json={"status": "active"})
    identity.tell_logins([{"user_id": person, "at": "2026-01-05T09:00:00Z"} for person in people])


def state(district: District) -> dict[str, Any]:
    """All that the services know of the district, without what goes on with time."""
    session, org = district.session, {"org_id": district.id}
    dashboard = session.reporting.dashboard(district.id)
    pools = session.entitlements.pools(org_id=district.id)["items"]
    deliveries = session.service("notifications").listed("/v1/deliveries", every=True, **org)["items"]
    return {
        "seats": session.entitlements.seats(every=True, **org)["items"],
        "pools": [one | {"as_of": None, "version": None} for one in pools],
        "claims": session.service("reporting").listed("/v1/claims", every=True, **org)["items"],
        "dashboard": dashboard["products"],
        "activity": session.service("usage").listed("/v1/activity", every=True, **org)["items"],
        "deliveries": sorted((one["kind"], one["about"], one["recipient"]) for one in deliveries),
    }


async def everything_in(queue: AbstractQueue) -> list[AbstractIncomingMessage]:
    found = []
    while message := await queue.get(no_ack=True, fail=False):
        found.append(message)
    return found


def copy_of(message: AbstractIncomingMessage) -> aio_pika.Message:
    return aio_pika.Message(message.body, headers=message.headers, content_type=message.content_type)
