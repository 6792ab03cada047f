"""Terms' whole lives on a real database: renewed, ended, shrunk, told of (seats: The life of a license term)."""

from dataclasses import replace
from uuid import UUID

import pytest

from usher_contracts.envelope import Cause
from usher_entitlements.time_passing import pass_due_terms
from usher_entitlements.use_cases.settings import set_notice_days
from usher_kit.clock import FixedClock
from usher_kit.errors import Conflict

from .story import DISTRICT, NORTH, SOUTH, Entitlements, activity, day, person, term


async def states(entitlements: Entitlements) -> list[str]:
    return [row.state for row in await entitlements.rows("select state from license_term order by starts_at, seats")]


async def test_a_renewal_leaves_no_gap_and_no_second_claim(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    await entitlements.buy(term(1, grace=14))
    await entitlements.buy(term(2, starts=365, ends=730))
    for number in (300, 365, 370, 380):
        await entitlements.move_to(number)
    assert await states(entitlements) == ["renewed", "active"]
    assert await entitlements.claims(1) == [("assigned", "license_started")]
    assert await entitlements.claims(2) == [("waitlisted", "license_started"), ("promoted", "license_started")]
    told = [(fact["seats"], fact["state"]) for fact in await entitlements.told("license_term.changed")]
    assert told == [(1, "active"), (2, "scheduled"), (1, "expiring"), (1, "renewed"), (2, "active")]


async def test_a_renewal_in_the_grace_period_ends_it(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner"))
    await entitlements.buy(term(1, grace=14))
    await entitlements.move_to(366)
    await entitlements.buy(term(1, starts=367, ends=732))
    assert await states(entitlements) == ["grace", "scheduled"]
    await entitlements.move_to(367)
    assert await states(entitlements) == ["renewed", "active"]
    assert (await entitlements.pool()).capacity_with_grace == 1


async def test_a_term_entered_late_gives_no_seat_for_days_that_are_past(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    await entitlements.buy(term(1))
    await entitlements.move_to(20)
    await entitlements.buy(term(5, starts=-30, ends=10, overage="allow"))
    await entitlements.buy(term(5, starts=-30, ends=19, grace=14))
    assert await states(entitlements) == ["expired", "grace", "active"]
    assert await entitlements.claims(2) == [("waitlisted", "license_started")]
    await entitlements.buy(term(1, starts=15))
    assert (await entitlements.seats())[2] == "assigned"
    [row] = await entitlements.rows("select assigned_since from seat where state = 'assigned' and role = 'learner' "
                                    "order by assigned_since desc limit 1")  # fmt: skip
    assert row.assigned_since == day(20), "since it was entered, and not since it says that it starts"


async def test_a_term_that_has_expired_is_not_renewed_by_one_entered_late(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner"))
    await entitlements.buy(term(1, ends=100))
    await entitlements.move_to(110)
    await entitlements.buy(term(1, starts=100, ends=465))
    assert await states(entitlements) == ["expired", "active"]
    assert (await entitlements.claims(1))[1:] == [("suspended", "license_expired"), ("restored", "license_renewed")]


async def test_a_term_that_has_a_successor_is_renewed_when_it_is_entered_late_or_corrected(
    entitlements: Entitlements,
) -> None:
    await entitlements.hear(person(1, "learner"))
    corrected = await entitlements.buy(term(1, ends=200))
    await entitlements.buy(term(1, starts=100, ends=465))
    await entitlements.move_to(120)
    await entitlements.change(corrected, ends_at=day(95), grace_days=10)
    await entitlements.buy(term(5, starts=-200, ends=90, grace=50))
    assert await states(entitlements) == ["renewed", "renewed", "active"]
    assert (await entitlements.claims(1))[1:] == []


async def test_a_purchase_beside_it_adds_seats_and_renews_nothing(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1, grace=14))
    await entitlements.buy(term(2, starts=100, ends=465))
    await entitlements.move_to(120)
    assert (await entitlements.pool()).capacity == 3
    await entitlements.move_to(366)
    assert await states(entitlements) == ["grace", "active"]
    pool = await entitlements.pool()
    assert (pool.capacity, pool.capacity_with_grace) == (2, 3)


async def test_a_week_without_a_worker_is_caught_up_passage_by_passage(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    await entitlements.buy(term(1))
    await entitlements.buy(term(2, starts=366, ends=367))
    await entitlements.buy(term(1, starts=368, ends=700))
    await entitlements.move_to(372)
    assert await states(entitlements) == ["expired", "expired", "active"]
    assert await entitlements.claims(1) == [
        ("assigned", "license_started"),
        *[("suspended", "license_expired"), ("restored", "license_renewed")] * 2,
    ]
    assert await entitlements.claims(2) == [
        ("waitlisted", "license_started"),
        ("promoted", "license_started"),
        ("suspended", "license_expired"),
        ("waitlisted", "license_renewed"),
    ]


async def test_an_ended_term_suspends_and_the_last_one_ends_the_pool(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner"), person(2, "learner", org=SOUTH))
    await entitlements.buy(term(5))
    first = await entitlements.buy(term(1, org=NORTH))
    last = await entitlements.buy(term(1, org=NORTH, starts=10))
    await entitlements.end(first)
    pool = await entitlements.pool(NORTH)
    assert (pool.license_state, pool.suspended, pool.assigned) == ("expired", 1, 0)
    await entitlements.end(last)
    assert (await entitlements.pool(NORTH)).license_state == "ended"
    assert (await entitlements.pool()).assigned == 2
    assert (await entitlements.claims(1))[-2:] == [("moved", "pool_changed"), ("restored", "license_renewed")]
    with pytest.raises(Conflict, match="ended already"):
        await entitlements.end(last)


async def test_an_end_without_a_pool_above_releases(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner"))
    only = await entitlements.buy(term(1))
    await entitlements.move_to(400)
    await entitlements.end(only)
    assert (await entitlements.claims(1))[-1] == ("released", "pool_changed")
    await entitlements.buy(term(1, starts=390, ends=800))
    assert (await entitlements.claims(1))[-1] == ("assigned", "license_started")


@pytest.mark.parametrize(("shrink", "left"), [("last_assigned", 1), ("least_recently_active", 2), ("keep", 0)])
async def test_a_smaller_license_takes_by_its_policy(entitlements: Entitlements, shrink: str, left: int) -> None:
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    bought = await entitlements.buy(term(1, shrink=shrink))
    await entitlements.move_to(2)
    await entitlements.change(bought, seats=2)
    await entitlements.hear(activity(2, 1, login=3), activity(1, 1, login=2))
    await entitlements.change(bought, seats=1)
    pool = await entitlements.pool()
    if left:
        assert await entitlements.seats("assigned") == {left: "assigned"}
        assert (await entitlements.claims(3 - left))[-1] == ("waitlisted", "capacity_lowered")
    assert (pool.over_allocated, pool.assigned) == (shrink == "keep", 2 if shrink == "keep" else 1)


async def test_a_correction_of_the_end_takes_back_the_grace(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    bought = await entitlements.buy(term(2, grace=14, ends=100))
    await entitlements.move_to(101)
    await entitlements.hear(person(3, "learner", on=1))
    assert await entitlements.seats("waitlisted") == {3: "waitlisted"}
    await entitlements.change(bought, ends_at=bought.ends_at.replace(year=2027), seats=3)
    assert (await entitlements.claims(3))[-1] == ("promoted", "capacity_raised")


async def test_notices_follow_what_an_organization_sets(entitlements: Entitlements) -> None:
    bought = await entitlements.buy(term(1, org=NORTH))
    await entitlements.move_to(365 - 45)

    async def set_days(org: UUID, product: str, days: list[int] | None) -> None:
        async with entitlements.database.transaction([DISTRICT]) as conn:
            await set_notice_days(conn, DISTRICT, org, product, days, entitlements.clock.now(), Cause())
        await entitlements.work_off_lists()

    async def told() -> list[int]:
        return [fact["threshold"] for fact in await entitlements.told("license_term.notice")]

    assert await told() == [60]
    await set_days(DISTRICT, "", [50, 10])
    assert await told() == [60, 50]
    await set_days(NORTH, "learn", [46, 20])
    assert await told() == [60, 50, 46]
    for left in (30, 20, 19, 10, 5):
        await entitlements.move_to(365 - left)
    assert await told() == [60, 50, 46, 20]
    await set_days(NORTH, "learn", None)
    assert await told() == [60, 50, 46, 20, 10]
    await entitlements.change(bought, ends_at=bought.ends_at.replace(year=2028))
    await entitlements.move_to(365 + 365)
    assert (await told())[-1] == 10


async def test_replicas_with_different_clocks_agree(entitlements: Entitlements) -> None:
    """What one replica has let come to pass, another whose clock is behind does not take back."""
    ahead = entitlements
    behind = replace(ahead, clock=FixedClock(day(0)), runtime=replace(ahead.runtime, clock=FixedClock(day(0))))
    await ahead.hear(person(1, "learner"))
    await ahead.buy(term(2, ends=100))
    await ahead.move_to(100)
    await behind.hear(person(2, "learner"), person(1, "learner", status="archived", version=2))
    assert await ahead.claims(2) == [("waitlisted", "role_granted")]
    pool = await ahead.pool()
    assert (pool.license_state, pool.as_of) == ("expired", day(100))
    facts = {
        fact["since"]
        for fact in await ahead.told("seat.changed")
        if fact["version"] > 1 or fact["claim"] == "waitlisted"
    }
    assert facts == {"2026-06-10T12:00:00Z"}, "no claim is dated before what it follows from"
    assert not await pass_due_terms(behind.runtime)
    await behind.buy(term(1, starts=50, ends=200))
    assert await ahead.claims(2) == [("waitlisted", "role_granted"), ("promoted", "license_started")]
