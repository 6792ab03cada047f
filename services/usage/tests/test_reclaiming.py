"""The way of a seat to its reclaim and back, on a real database: warned, kept, suspended, reclaimed, returned."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest

from .story import ANN, BOB, DISTRICT, NORTH, SOUTH, START, Usage, calendar, day, login, organization, person, seat

SPRING = (date(2026, 3, 10), date(2026, 3, 19))
"""Ten days."""


@pytest.fixture(autouse=True)
async def district(usage: Usage) -> None:
    """Ann came on day 0 and holds a seat; who does not come for 60 days loses it."""
    await usage.hear(organization(DISTRICT, None), organization(NORTH), organization(SOUTH))
    await usage.set_policy(warn=20, window=30, reclaim=60)
    await usage.hear(person(ANN), seat(ANN), login(ANN, day(0)))


def midnight(month: int, day_: int) -> datetime:
    return datetime(2026, month, day_, tzinfo=UTC)


async def test_a_holder_is_warned_then_inactive_and_the_reclaim_is_told(usage: Usage) -> None:
    await usage.reach(midnight(3, 23))
    await usage.reach(midnight(4, 2))
    assert [(fact.activity, fact.warned_since, fact.reclaim_due) for fact in await usage.told()] == [
        ("active", None, None),
        ("warned", midnight(3, 23), midnight(5, 2)),
        ("inactive", midnight(3, 23), midnight(5, 2)),
    ]
    assert {fact.assigned_since for fact in await usage.told()} == {START}


async def test_a_break_pauses_the_warning_the_window_and_the_reclaim(usage: Usage) -> None:
    await usage.reach(day(25))
    await usage.hear(calendar(DISTRICT, SPRING))
    await usage.reach(day(25))
    assert (await usage.last()).activity == "active"
    await usage.reach(midnight(4, 2))
    assert ((await usage.last()).activity, (await usage.last()).reclaim_due) == ("warned", midnight(5, 12))
    await usage.reach(midnight(4, 12))
    assert (await usage.last()).activity == "inactive"


async def test_the_nearest_calendar_holds_and_an_empty_one_is_one(usage: Usage) -> None:
    await usage.hear(calendar(DISTRICT, SPRING), calendar(NORTH))
    await usage.reach(day(25))
    assert (await usage.last()).activity == "warned"
    await usage.hear(calendar(NORTH, is_set=False, version=2))
    await usage.reach(day(25))
    assert (await usage.last()).activity == "active"


async def test_an_older_calendar_changes_nothing(usage: Usage) -> None:
    await usage.hear(calendar(DISTRICT, version=2))
    await usage.hear(calendar(DISTRICT, SPRING, version=1))
    await usage.reach(day(25))
    assert (await usage.last()).activity == "warned"


async def test_days_of_a_suspension_do_not_count(usage: Usage) -> None:
    await usage.reach(day(22))
    await usage.hear(seat(ANN, day(23), state="suspended", from_state="assigned", assigned=START, version=2))
    assert (await usage.last()).reclaim_due is None
    restored = seat(ANN, day(42), from_state="suspended", assigned=START, version=3)
    await usage.reach(day(42))
    assert (await usage.last()).activity == "warned", "the clock stood"
    await usage.hear(restored)
    fact = await usage.last()
    assert (fact.activity, fact.warned_since, fact.reclaim_due) == ("warned", day(42), midnight(5, 22))


async def test_a_seat_that_was_kept_is_warned_of_again(usage: Usage) -> None:
    await usage.reach(midnight(4, 20))
    assert await usage.keep()
    fact = await usage.last()
    assert (fact.activity, fact.kept_until, fact.reclaim_due) == ("inactive", midnight(5, 21), None)
    await usage.reach(midnight(5, 13))
    assert (await usage.last()).version == fact.version
    await usage.reach(midnight(5, 14))
    fact = await usage.last()
    assert (fact.warned_since, fact.reclaim_due) == (midnight(5, 14), midnight(5, 22))


async def test_there_is_no_seat_to_keep_where_none_is_held(usage: Usage) -> None:
    assert await usage.keep(BOB) is None
    await usage.hear(seat(ANN, day(1), state="released", version=2))
    assert await usage.keep() is None


async def reclaim(usage: Usage) -> datetime:
    """Entitlements takes the seat back, two hours after that is due."""
    await usage.reach(day(40))
    due = midnight(5, 2)
    assert (await usage.last()).reclaim_due == due
    usage.clock.move_to(at := due.replace(hour=2))
    await usage.hear(seat(ANN, at, state="released", from_state="assigned", reason="inactivity", version=2))
    return at


async def test_of_a_reclaimed_seat_the_last_fact_stands(usage: Usage) -> None:
    await reclaim(usage)
    told = len(await usage.told())
    await usage.set_policy(window=30, reclaim=3_000)
    await usage.hear(calendar(DISTRICT, (date(2026, 3, 3), date(2026, 4, 30))))
    await usage.hear(login(ANN, day(-5)), seat(ANN, version=1))
    await usage.reach(day(300))
    assert len(await usage.told()) == told


async def test_a_login_gives_a_reclaimed_seat_back_and_counts_for_it(usage: Usage) -> None:
    at = await reclaim(usage)
    await usage.hear(login(ANN, came := at.replace(hour=9)))
    fact = await usage.last()
    assert (fact.activity, fact.last_login_at, fact.reclaim_due) == ("active", came, midnight(7, 2))
    await usage.hear(seat(ANN, came.replace(minute=1), from_state="released", reason="returned", version=3))
    fact = await usage.last()
    assert (fact.activity, fact.last_login_at, fact.reclaim_due) == ("active", came, None)
    assert fact.assigned_since == came.replace(minute=1)


async def test_a_late_login_from_before_the_reclaim_moves_it_too(usage: Usage) -> None:
    await reclaim(usage)
    await usage.hear(login(ANN, day(30)))
    fact = await usage.last()
    assert (fact.activity, fact.last_login_at, fact.reclaim_due) == ("inactive", day(30), midnight(6, 1))


async def test_one_that_would_not_have_helped_says_so(usage: Usage) -> None:
    at = await reclaim(usage)
    await usage.hear(login(ANN, day(0.2)))
    fact = await usage.last()
    assert fact.reclaim_due
    assert fact.reclaim_due < at


async def test_who_returns_where_nothing_is_reclaimed_any_more_has_no_reclaim_in_sight(usage: Usage) -> None:
    at = await reclaim(usage)
    await usage.set_policy()
    await usage.hear(login(ANN, at.replace(hour=9)))
    fact = await usage.last()
    assert (fact.last_login_at, fact.reclaim_due) == (at.replace(hour=9), None)


async def test_a_wish_that_was_uttered_before_the_reclaim_was_heard_of_counts(usage: Usage) -> None:
    await usage.reach(midnight(5, 2))
    assert await usage.keep()
    at = midnight(5, 2).replace(hour=1)
    await usage.hear(seat(ANN, at, state="released", from_state="assigned", reason="inactivity", version=2))
    fact = await usage.last()
    assert fact.kept_until
    assert fact.kept_until > at
    assert fact.reclaim_due is None


async def test_the_return_is_remembered_whatever_comes_first(usage: Usage) -> None:
    at = await reclaim(usage)
    back, moved = at.replace(hour=10), at.replace(hour=11)
    await usage.hear(login(ANN, at.replace(hour=9)))
    await usage.hear(seat(ANN, moved, from_state="assigned", reason="pool_changed", assigned=back, version=4))
    assert (await usage.last()).activity == "never_used"
    await usage.hear(seat(ANN, back, from_state="released", reason="returned", version=3))
    assert (await usage.last()).activity == "active"


Deed = Callable[[Usage], Awaitable[Any]]


def deeds() -> list[Deed]:
    """All that decides Ann's standing, as things that may happen in any order and any number of times."""
    facts = [
        person(ANN, SOUTH, version=2),
        organization(SOUTH, NORTH, zone="America/Chicago", version=2),
        calendar(DISTRICT, SPRING),
        calendar(DISTRICT, SPRING, (date(2026, 4, 3), date(2026, 4, 6)), version=2),
        login(ANN, day(4)),
        login(ANN, day(-3)),
        login(BOB, day(2), org=SOUTH),
        seat(ANN, day(20), state="suspended", from_state="assigned", assigned=START, version=2),
        seat(ANN, day(23), from_state="suspended", assigned=START, version=3),
        seat(ANN, day(24), from_state="assigned", reason="pool_changed", assigned=START, version=4),
    ]
    return [partial(hear, fact=fact) for fact in facts]


async def hear(usage: Usage, fact: Any) -> None:
    await usage.hear(fact)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_order_and_number_of_deliveries_the_standing_is_one(usage: Usage, seed: int) -> None:
    usage.clock.move_to(day(62))
    chance = random.Random(seed)
    told = deeds() * 2
    chance.shuffle(told)
    for deed in told:
        await deed(usage)
        if chance.random() < 0.3:
            await usage.reach(day(62))
    await usage.reach(day(62))
    fact = await usage.last()
    assert (fact.org_id, fact.activity, fact.last_login_at) == (SOUTH, "inactive", day(4))
    assert (fact.since, fact.warned_since) == (datetime(2026, 4, 24, 5, tzinfo=UTC), day(62))
    assert fact.reclaim_due == datetime(2026, 5, 24, 5, tzinfo=UTC)
    assert await usage.dead() == 0
