"""Facts in, facts out, on a real database: any number of deliveries, in any order, with time passing between them."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from usher_contracts.envelope import Event
from usher_contracts.identity import LoginMethod
from usher_usage.domain.policies import DEFAULT_WINDOW_DAYS
from usher_usage.use_cases.activity import keep_logins, keep_seats

from .story import (
    ANN,
    BOB,
    DISTRICT,
    ELSEWHERE,
    NORTH,
    SETTINGS,
    SOUTH,
    START,
    Usage,
    day,
    login,
    organization,
    person,
    seat,
)


async def test_a_login_makes_its_holder_active_and_time_makes_them_inactive(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH), person(ANN), seat(ANN), login(BOB, day(0)))
    usage.clock.move_to(day(2))
    await usage.hear(login(ANN, day(2)))
    await usage.reach(day(32))
    assert await usage.activity() == "active"
    await usage.reach(day(90))
    assert await usage.activity() == "inactive"
    assert [(fact.activity, fact.version, fact.previous_version) for fact in await usage.told()] == [
        ("never_used", 1, 0),
        ("active", 2, 1),
        ("inactive", 3, 2),
    ]


async def test_a_login_counts_for_every_product_that_is_held(usage: Usage) -> None:
    await usage.hear(seat(ANN), seat(ANN, product="observe"), seat(ANN, product="extra", state="waitlisted"))
    await usage.hear(login(ANN, day(1)))
    assert [await usage.activity(ANN, product) for product in ("learn", "observe", "extra")] == [
        "active",
        "active",
        None,
    ]


async def test_a_login_before_the_seats_fact_is_kept_and_matched(usage: Usage) -> None:
    await usage.hear(login(ANN, day(1)))
    await usage.hear(seat(ANN, START))
    assert await usage.activity() == "active"


async def test_a_login_outside_the_holding_does_not_count(usage: Usage) -> None:
    await usage.hear(login(ANN, day(-1)), seat(ANN, START))
    assert await usage.activity() == "never_used"
    assert (await usage.told())[-1].last_login_at is None


async def test_a_late_login_does_not_undo_a_newer_one(usage: Usage) -> None:
    usage.clock.move_to(day(40))
    await usage.hear(seat(ANN), login(ANN, day(39)))
    await usage.hear(login(ANN, day(1)))
    assert await usage.activity() == "active"


async def test_a_seat_that_is_released_and_given_again_begins_anew(usage: Usage) -> None:
    await usage.hear(seat(ANN), login(ANN, day(1)))
    await usage.hear(seat(ANN, day(3), state="released", version=2))
    await usage.reach(day(90))
    assert [fact.activity for fact in await usage.told()] == ["active"], "of a seat that nobody holds nothing is told"
    await usage.hear(seat(ANN, day(90), version=3))
    assert await usage.activity() == "never_used"


async def test_activity_is_unknown_until_a_source_tells_a_login(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(ELSEWHERE, None, tenant=ELSEWHERE))
    await usage.hear(seat(ANN), seat(BOB), seat(UUID(int=901), org=ELSEWHERE, tenant=ELSEWHERE))
    assert await usage.activity(ANN) == "unknown"
    await usage.hear(login(ANN, day(1)))
    await usage.reach(day(1))
    assert [await usage.activity(ANN), await usage.activity(BOB)] == ["active", "never_used"]
    assert await usage.activity(UUID(int=901)) == "unknown", "another tenant's logins are another tenant's"


async def test_that_nothing_is_known_goes_without_saying_until_something_was(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH), organization(SOUTH), seat(ANN), seat(BOB))
    await usage.hear(seat(BOB, day(1), org=SOUTH, version=2))
    assert await usage.told() == [], "whoever hears nothing of a seat knows that it is unknown"
    await usage.hear(login(ANN, day(2), org=DISTRICT))
    await usage.reach(day(2))
    first = {fact.user_id: (fact.activity, fact.version, fact.previous_version) for fact in await usage.told()}
    assert first == {ANN: ("active", 1, 0), BOB: ("never_used", 1, 0)}


@pytest.mark.parametrize(
    ("story", "where", "method", "activity"),
    [
        ("its own source", SOUTH, "sso", "never_used"),
        ("a source of the district serves its schools", DISTRICT, "api", "never_used"),
        ("another school's is another school's", NORTH, "sso", "unknown"),
        ("signing in at the console is no source", DISTRICT, "password", "unknown"),
    ],
)
async def test_a_source_serves_its_organization_and_what_is_below(
    usage: Usage, story: str, where: UUID, method: LoginMethod, activity: str
) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH), organization(SOUTH), seat(BOB, org=SOUTH))
    await usage.hear(login(ANN, day(1), org=where, method=method))
    await usage.reach(day(2))
    assert await usage.activity(BOB) == activity, story


async def test_a_school_that_comes_under_a_connected_one_is_served_by_its_source(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(SOUTH), organization(NORTH), seat(BOB, org=SOUTH))
    await usage.hear(login(ANN, day(1)))
    await usage.reach(day(2))
    assert await usage.activity(BOB) == "unknown"
    await usage.hear(organization(SOUTH, NORTH, version=2))
    await usage.reach(day(2))
    assert await usage.activity(BOB) == "never_used"


async def test_a_source_is_connected_since_the_first_login_that_it_tells_in_whatever_order(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH), seat(BOB, day(0)))
    await usage.set_policy(reclaim=60)
    usage.clock.move_to(day(80))
    await usage.hear(login(ANN, day(60)))
    await usage.reach(day(80))
    assert (await usage.told())[-1].reclaim_due is None, "20 days were watched"
    await usage.hear(login(ANN, day(20)))
    await usage.reach(day(80))
    assert (await usage.told())[-1].warned_since == day(80)


async def test_days_are_counted_where_the_organization_is(usage: Usage) -> None:
    await usage.hear(
        organization(DISTRICT, None), organization(NORTH, zone="Pacific/Auckland"), organization(SOUTH, zone="nowhere")
    )
    await usage.hear(seat(ANN, org=NORTH), seat(BOB, org=SOUTH), login(ANN, START), login(BOB, START, org=SOUTH))
    in_auckland = datetime(2026, 4, 2, 11, tzinfo=UTC)  # midnight of the 3rd
    await usage.reach(in_auckland - timedelta(seconds=1))
    assert [await usage.activity(ANN), await usage.activity(BOB)] == ["active", "inactive"]
    await usage.reach(in_auckland)
    assert await usage.activity(ANN) == "inactive"


async def test_an_organization_that_moves_to_another_time_zone_is_judged_again(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH, zone="UTC"), seat(ANN), login(ANN, START))
    await usage.reach(datetime(2026, 4, 2, 1, tzinfo=UTC))
    assert await usage.activity() == "inactive"
    await usage.hear(organization(NORTH, zone="America/Chicago", version=2))
    await usage.reach(usage.clock.now())
    assert await usage.activity() == "active"


async def test_who_moves_is_told_of_at_the_new_organization(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH), organization(SOUTH))
    await usage.hear(person(ANN, NORTH), seat(ANN), login(ANN, START))
    await usage.hear(person(ANN, SOUTH, version=2))
    assert [fact.org_id for fact in await usage.told()] == [NORTH, SOUTH]
    await usage.hear(person(ANN, SOUTH, role="observer", version=3))
    assert len(await usage.told()) == 2


async def test_a_school_that_comes_under_another_is_judged_by_its_window(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(SOUTH), organization(NORTH, DISTRICT))
    await usage.set_policy(org=SOUTH, window=5)
    await usage.hear(seat(ANN), login(ANN, day(0)))
    await usage.reach(day(10))
    assert await usage.activity() == "active"
    await usage.hear(organization(NORTH, SOUTH, version=2))
    await usage.reach(usage.clock.now())
    assert await usage.activity() == "inactive"


async def test_units_that_stand_below_each_other_for_a_moment_stop_nothing(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH, SOUTH), organization(SOUTH, NORTH))
    await usage.hear(seat(ANN), login(ANN, day(0)))
    assert await usage.activity() == "active"
    assert await usage.dead() == 0


def the_story() -> list[Event[Any]]:
    return [
        organization(DISTRICT, None),
        organization(NORTH, zone="America/Chicago"),
        person(ANN, NORTH),
        seat(ANN, day(0)),
        seat(ANN, day(3), state="released", version=2),
        seat(ANN, day(5), version=3),
        login(ANN, day(4)),
        login(ANN, day(6)),
        login(ANN, day(20), org=SOUTH),
        person(ANN, SOUTH, version=2),
    ]


async def outcome(usage: Usage) -> list[Any]:
    await usage.reach(day(30))
    await usage.reach(day(32))
    return await usage.state()


@pytest.mark.parametrize("seed", range(4))
async def test_facts_in_any_order_and_number_have_one_effect(usage: Usage, seed: int) -> None:
    usage.clock.move_to(day(30))
    facts = the_story() * 3
    random.Random(seed).shuffle(facts)
    for fact in facts:
        await usage.hear(fact)
    [row] = await outcome(usage)
    assert (row.state, row.seat_version, row.org_id) == ("assigned", 3, SOUTH)
    assert (row.activity, row.since, row.at) == ("active", day(20), day(20))


async def test_a_fact_ten_times_is_told_once(usage: Usage) -> None:
    facts: list[Event[Any]] = [seat(ANN), login(ANN, day(1))]
    for _ in range(10):
        await usage.hear(*facts)
    assert [fact.activity for fact in await usage.told()] == ["active"]
    assert len(await usage.rows("select 1 from login")) == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_workers_side_by_side_lose_nothing(usage: Usage, order: tuple[int, ...]) -> None:
    """A seat's fact and its login in two workers at once, and time's loop in a third: each waits for the other."""
    await usage.hear(organization(DISTRICT, None), login(UUID(int=999), day(0)))
    people = [UUID(int=1_000 + number) for number in range(60)]
    await usage.hear(*(seat(user) for user in people[:20]))
    work = [
        usage.hear(*(seat(user) for user in people)),
        usage.hear(*(login(user, day(1)) for user in reversed(people))),
        usage.reach(day(1)),
    ]
    await asyncio.gather(*(work[place] for place in order))
    assert {await usage.activity(user) for user in people} == {"active"}
    assert await usage.dead() == 0


WAITING = """
    select 1 from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()
"""


@pytest.mark.parametrize("login_first", [True, False])
async def test_a_seats_fact_and_a_login_wait_for_each_other(usage: Usage, *, login_first: bool) -> None:
    await usage.hear(organization(DISTRICT, None), seat(ANN), login(ANN, day(-9)))
    came, given = login(ANN, day(1)), seat(ANN, product="observe")
    async with usage.database.transaction([DISTRICT]) as conn:
        await (
            keep_logins(conn, [came], day(1), kept=SETTINGS.logins_kept)
            if login_first
            else keep_seats(conn, [given], day(1))
        )
        other = asyncio.create_task(usage.hear(given if login_first else came))
        async with asyncio.timeout(10):
            while not (other.done() or await usage.rows(WAITING)):
                await asyncio.sleep(0.01)
        assert not other.done()
    await other
    assert await usage.activity(ANN, "observe") == "active"


async def test_a_login_that_no_calendar_knows_is_dead_alone(usage: Usage) -> None:
    absurd = login(ANN, datetime(9999, 12, 31, tzinfo=UTC))
    await usage.hear(seat(ANN), seat(BOB))
    await usage.hear(absurd, login(BOB, day(1)))
    assert await usage.dead() == 1
    assert await usage.activity(BOB) == "active"


def test_the_default_window_is_thirty_days() -> None:
    assert DEFAULT_WINDOW_DAYS == 30


async def test_who_is_deleted_leaves_no_logins_in_any_order(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH), person(ANN), seat(ANN), login(ANN, day(0)))
    await usage.hear(login(BOB, day(0)))
    told = await usage.activity()
    await usage.hear(person(ANN, status="deleted", version=2))
    await usage.hear(login(ANN, day(1)))
    assert (await usage.logins(), await usage.activity()) == ([BOB], told)
