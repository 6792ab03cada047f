"""Large pools settle in steps, each a transaction of its own, on a real database (seats: Capacity, Invariants)."""

from collections import Counter

from usher_entitlements.store.examination import INVARIANTS, find_offenders
from usher_entitlements.time_passing import pass_due_terms, settle_pools
from usher_entitlements.use_cases.settle_pools import STEP

from .story import Entitlements, day, person, term

PEOPLE = 2 * STEP + 200


async def states(entitlements: Entitlements) -> Counter[str]:
    return Counter((await entitlements.seats()).values())


async def lawful(entitlements: Entitlements) -> None:
    """No step leaves anything that the doctor would find."""
    async with entitlements.database.transaction(await entitlements.tenants()) as conn:
        for invariant in INVARIANTS:
            assert await find_offenders(conn, invariant, [("learner", "learn")]) == []


async def test_a_pool_is_raised_suspended_and_restored_in_steps(entitlements: Entitlements) -> None:
    await entitlements.hear(*(person(n, "learner", on=-n) for n in range(PEOPLE)))
    bought = await entitlements.buy(term(1, ends=100))
    await entitlements.change(bought, seats=PEOPLE - 100)
    assert await states(entitlements) == {"assigned": STEP + 1, "waitlisted": PEOPLE - STEP - 1}
    steps = [STEP + 1]
    while await settle_pools(entitlements.runtime):
        await lawful(entitlements)
        steps.append((await states(entitlements))["assigned"])
    assert steps[:3] == [STEP + 1, 2 * STEP + 1, PEOPLE - 100]
    holders = await entitlements.seats("assigned")
    assert min(holders) == 100, "the earliest are first"

    entitlements.clock.move_to(day(100))
    await pass_due_terms(entitlements.runtime)
    assert await states(entitlements) == {"suspended": STEP, "assigned": PEOPLE - 100 - STEP, "waitlisted": 100}
    await lawful(entitlements)
    while await settle_pools(entitlements.runtime):
        await lawful(entitlements)
    assert await states(entitlements) == {"suspended": PEOPLE - 100, "waitlisted": 100}

    await entitlements.buy(term(PEOPLE - 150, starts=101, ends=500))
    entitlements.clock.move_to(day(101))
    await pass_due_terms(entitlements.runtime)
    half = await states(entitlements)
    assert (half["assigned"], half["suspended"]) == (STEP, PEOPLE - 100 - STEP)
    await entitlements.hear(person(STEP, "learner", on=-STEP, status="archived", version=2), person(9_999, "learner"))
    assert (await entitlements.seats())[9_999] == "waitlisted", "nobody new goes before who is to be restored"
    while await settle_pools(entitlements.runtime):
        await lawful(entitlements)
    assert await states(entitlements) == {"assigned": PEOPLE - 150, "waitlisted": 150, "released": 1}
    assert (await entitlements.rows("select * from settling")) == []


async def test_an_end_turned_back_halfway_restores_those_alone_who_were_suspended(entitlements: Entitlements) -> None:
    await entitlements.hear(*(person(n, "learner", on=-n) for n in range(STEP + 50)))
    await entitlements.buy(term(STEP + 50, ends=100))
    await entitlements.move_to(99)
    entitlements.clock.move_to(day(100))
    await pass_due_terms(entitlements.runtime)
    assert await states(entitlements) == {"suspended": STEP, "assigned": 50}
    await entitlements.buy(term(STEP + 50, starts=99, ends=500))
    await entitlements.work_off_lists()
    assert await states(entitlements) == {"assigned": STEP + 50}
    claims = Counter(fact["claim"] for fact in await entitlements.told("seat.changed"))
    assert claims == {"assigned": STEP + 50, "suspended": STEP, "restored": STEP}


async def test_after_a_downtime_each_passage_finds_all_that_the_one_before_has_done(entitlements: Entitlements) -> None:
    await entitlements.hear(*(person(n, "learner", on=-n) for n in range(STEP + 50)))
    await entitlements.buy(term(STEP + 50, ends=100))
    await entitlements.buy(term(STEP + 20, starts=101, ends=500))
    await entitlements.move_to(99)
    await entitlements.move_to(105)
    claims = Counter(fact["claim"] for fact in await entitlements.told("seat.changed"))
    assert claims == {"assigned": STEP + 50, "suspended": STEP + 50, "restored": STEP + 20, "waitlisted": 30}
