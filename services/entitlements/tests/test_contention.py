"""Many at once, on a real database: caps hold, places hold, and a guard stands behind the code (seats: Invariants)."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from usher_contracts.envelope import Event
from usher_contracts.identity import Role
from usher_entitlements.use_cases.seat_people import seat_people
from usher_kit.database import Contended

from .story import DISTRICT, NORTH, SOUTH, START, Entitlements, person, term


async def agree(entitlements: Entitlements) -> None:
    """I1 and I4, counted from the rows."""
    offending = await entitlements.rows("""
        select p.id from pool p
        left join seat s on s.tenant_id = p.tenant_id and s.pool_id = p.id
        group by p.tenant_id, p.id
        having p.assigned <> count(*) filter (where s.state = 'assigned')
            or p.waitlisted <> count(*) filter (where s.state = 'waitlisted')
            or p.assigned > p.capacity
            or (p.waitlisted > 0 and p.assigned < p.capacity)
    """)
    assert offending == []


async def test_twenty_writers_on_the_last_seat_one_gets_it_and_nineteen_wait_in_order(
    entitlements: Entitlements,
) -> None:
    await entitlements.buy(term(1))
    await asyncio.gather(*(entitlements.hear(person(n, "learner", on=n)) for n in range(20)))
    [holder] = await entitlements.seats("assigned")
    assert list(await entitlements.seats("waitlisted")) == [n for n in range(20) if n != holder]
    await agree(entitlements)
    await entitlements.hear(person(holder, version=2))
    assert list(await entitlements.seats("assigned")) == [min(n for n in range(20) if n != holder)]


async def test_two_workers_keep_the_caps_and_the_places(entitlements: Entitlements) -> None:
    """Each worker applies batches of everybody's facts, in an order of its own, older and newer ones mixed."""
    await entitlements.buy(term(30))
    await entitlements.buy(term(10, org=SOUTH))
    chance = random.Random(7)
    facts: list[Event[Any]] = []
    last: dict[int, tuple[UUID, bool]] = {}
    for number in range(120):
        for version in range(1, 5):
            org, wants = chance.choice([NORTH, SOUTH]), chance.random() < 0.7
            role: Role = "learner" if wants else "reporter"
            facts.append(person(number, role, org=org, on=number, version=version))
            last[number] = (org, wants)

    async def work(seed: int) -> None:
        own = random.Random(seed).sample(facts, len(facts))
        for start in range(0, len(own), 40):
            await entitlements.hear(*own[start : start + 40])

    await asyncio.gather(work(1), work(2))
    await agree(entitlements)
    seats = await entitlements.seats()
    assert {n for n, state in seats.items() if state != "released"} == {n for n, (_, wants) in last.items() if wants}
    pools = {org: (await entitlements.pool(org)).id for org in (DISTRICT, SOUTH)}
    rows = await entitlements.rows("select user_id, pool_id from seat where state in ('assigned', 'waitlisted')")
    for row in rows:
        org, _ = last[row.user_id.int - 1_000]
        assert row.pool_id == pools[SOUTH if org == SOUTH else DISTRICT]
    for number in last:
        await entitlements.claims(number)


async def test_one_person_from_two_deliveries_at_once_has_one_seat(entitlements: Entitlements) -> None:
    await entitlements.buy(term(5))
    await entitlements.buy(term(5, org=SOUTH))
    await asyncio.gather(
        *(entitlements.hear(person(1, "learner", org=(NORTH, SOUTH)[n % 2], version=n + 1)) for n in range(10))
    )
    assert await entitlements.seats() == {1: "assigned"}
    assert (await entitlements.pool(SOUTH)).assigned == 1
    await agree(entitlements)


async def test_a_work_list_goes_on_beside_newcomers_and_two_workers(entitlements: Entitlements) -> None:
    await entitlements.hear(*(person(n, "learner", on=n) for n in range(60)))
    await entitlements.buy(term(20), decided=False)

    async def newcomers() -> None:
        for number in range(100, 110):
            await entitlements.hear(person(number, "learner", on=number))

    await asyncio.gather(entitlements.work_off_lists(most=7), entitlements.work_off_lists(most=7), newcomers())
    await entitlements.work_off_lists()
    assert list(await entitlements.seats("assigned")) == list(range(20))
    await agree(entitlements)


async def test_the_database_refuses_what_no_allocation_may_do(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    await entitlements.hear(person(1, "learner"))
    with pytest.raises(DBAPIError, match="beyond its 1"):
        await entitlements.write("update pool set assigned = 2, over_allocated = true")


def batches(facts: Sequence[Event[Any]], chance: random.Random) -> list[list[Event[Any]]]:
    """The facts in any order, each some times over, cut into batches of any size."""
    told = chance.sample(list(facts) * 3, len(facts) * 3)
    cuts = sorted(chance.sample(range(1, len(told)), 6))
    return [told[a:b] for a, b in zip([0, *cuts], [*cuts, len(told)], strict=True)]


@pytest.mark.parametrize("seed", range(4))
async def test_deliveries_in_any_order_and_number_keep_counts_caps_and_places(
    entitlements: Entitlements, seed: int
) -> None:
    await entitlements.buy(term(5))
    facts = [person(n, "learner", on=n, version=v) for n in range(12) for v in (1, 2)]
    for batch in batches(facts, random.Random(seed)):
        await entitlements.hear(*batch)
    seats = await entitlements.seats()
    assert sum(state == "assigned" for state in seats.values()) == 5
    waiting = [n for n, state in seats.items() if state == "waitlisted"]
    assert waiting == sorted(waiting)
    await agree(entitlements)


async def held_up(entitlements: Entitlements, process: int) -> None:
    """Wait until that process of the server waits for a lock."""
    async with asyncio.timeout(20):
        while not await entitlements.rows("select pid from pg_locks where pid = :pid and not granted", pid=process):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("story", "known", "meanwhile", "later", "state"),
    [
        (
            "a seat comes to another pool before its own is locked",
            [person(1, "learner", org=NORTH)],
            person(1, "learner", org=SOUTH, version=2),
            person(1, "learner", "observer", org=NORTH, version=3),
            "assigned",
        ),
        (
            "a person who is known to neither comes to two pools",
            [],
            person(1, "learner", org=NORTH),
            person(1, "reporter", org=SOUTH, version=2),
            "released",
        ),
    ],
)
async def test_what_proves_different_under_the_locks_is_decided_again(
    entitlements: Entitlements,
    story: str,
    known: list[Event[Any]],
    meanwhile: Event[Any],
    later: Event[Any],
    state: str,
) -> None:
    await entitlements.buy(term(5))
    await entitlements.buy(term(5, org=SOUTH))
    if known:
        await entitlements.hear(*known)

    process = asyncio.get_running_loop().create_future()

    async def decide_once() -> None:
        async with entitlements.database.transaction([DISTRICT]) as conn:
            process.set_result(await conn.scalar(text("select pg_backend_pid()")))
            await seat_people(conn, [later], START)

    async with entitlements.database.transaction([DISTRICT]) as conn:
        await seat_people(conn, [meanwhile], START)
        second = asyncio.create_task(decide_once())
        await held_up(entitlements, await process)
    with pytest.raises(Contended):
        await second
    await entitlements.hear(later)
    assert await entitlements.seats() == {1: state}, story
    await agree(entitlements)
