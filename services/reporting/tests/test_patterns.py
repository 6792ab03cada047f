"""Patterns of claims over HTTP: what happened month by month, how long people waited, how many left."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_reporting.domain.patterns import Period, months
from usher_reporting.domain.waits import STEP, length_of, waited

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages, status_of
from .story import ANN, BOB, CAL, ELSEWHERE, LAB, NORTH, SOUTH, Reporting, day, seat

MARCH, APRIL = "2026-03-01", "2026-04-01"


@pytest.fixture
async def spring(district: Reporting) -> Reporting:
    """In March, Ann takes a seat and Bob waits; in April Ann leaves, Bob gets it after 40 days, Cal one elsewhere."""
    await district.hear(
        seat(ANN, at=day(0)),
        seat(ANN, product="observe", org=SOUTH, at=day(1)),
        seat(BOB, "waitlisted", org=LAB, at=day(0)),
        seat(ANN, "released", came_from="assigned", reason="role_revoked", at=day(40), version=2),
        seat(BOB, org=LAB, came_from="waitlisted", claim="promoted", reason="seat_freed", at=day(40), version=2),
        seat(CAL, org=ELSEWHERE, tenant=ELSEWHERE, pool_of=ELSEWHERE, at=day(41)),
    )
    district.clock.move_to(day(50))
    return district


def told(items: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(item[name] for name in names) for item in items]


async def patterns(get: Ask, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await get("/v1/claims/patterns", since=MARCH, **query))["items"]
    return found


@pytest.mark.usefixtures("spring")
async def test_a_month_says_what_was_claimed_held_left_and_waited_for(get: Ask) -> None:
    march, april = await patterns(get, product="learn")
    assert (march["since"], march["until"]) == (MARCH, "2026-03-31")
    assert april == {
        "since": APRIL, "until": "2026-04-21", "product": None, "org_id": None, "organization": None, "reason": None,
        "claims": 2, "assigned": 0, "promoted": 1, "waitlisted": 0, "suspended": 0, "restored": 0, "withheld": 0,
        "moved": 0, "released": 1, "seats_entered": 1, "seats_left": 1, "seats_transferred": 0, "net_change": 0,
        "seats_held": 1, "churn_percentage": 100.0,
        "waited_seats": 1, "waited_median_seconds": april["waited_median_seconds"],
        "waited_p90_seconds": april["waited_p90_seconds"],
    }  # fmt: skip
    assert april["waited_median_seconds"] == pytest.approx(40 * 86_400, rel=0.025)
    assert (march["waited_seats"], march["waited_median_seconds"], march["waited_p90_seconds"]) == (0, None, None)


@pytest.mark.usefixtures("spring")
async def test_what_is_told_apart_is_what_is_asked_for(get: Ask) -> None:
    held = ("since", "product", "organization", "claims", "seats_held")
    both = await patterns(get, group_by="product", until="2026-03-31")
    assert told(both, *held) == [(MARCH, "learn", None, 2, 1), (MARCH, "observe", None, 1, 1)]
    places = await patterns(get, group_by="organization", product="learn")
    assert told(places, *held) == [(MARCH, None, "North High", 2, 0), (MARCH, None, "Lab", 2, 1)]
    why = await patterns(get, group_by="reason", product="learn")
    assert told(why, "reason", "claims", "seats_held", "churn_percentage") == [
        ("role_granted", 2, None, None),
        ("role_revoked", 1, None, None),
        ("seat_freed", 1, None, None),
    ]


@pytest.mark.usefixtures("spring")
async def test_what_was_held_before_counts_though_nothing_happened_since(get: Ask) -> None:
    [quiet] = await patterns(get, product="observe", until="2026-04-20", group_by="product")
    assert (quiet["claims"], quiet["seats_held"]) == (1, 1)
    answer = await get("/v1/claims/patterns", since="2026-04-02", until="2026-05-10", product="observe")
    assert told(answer["items"], "since", "until", "claims", "seats_held", "churn_percentage") == [
        ("2026-04-02", "2026-04-30", 0, 1, 0.0),
        ("2026-05-01", "2026-05-10", 0, 1, 0.0),
    ]


@pytest.mark.usefixtures("spring")
async def test_a_page_goes_on_where_the_one_before_ended(get: Ask) -> None:
    everything = {"since": MARCH, "group_by": ["month", "organization", "product", "reason"]}
    whole = await patterns(get, group_by=everything["group_by"])
    assert told(whole, "since", "product", "reason")[0] == (MARCH, "learn", "role_granted")
    assert len(whole) == 5
    assert await all_pages(get, "/v1/claims/patterns", limit=2, **everything) == whole


@pytest.mark.usefixtures("spring")
async def test_nobody_counts_what_is_not_theirs(get: Ask) -> None:
    assert told(await patterns(get, who=LAB_REPORTER), "claims") == [(1,), (1,)]
    assert told(await patterns(get, who=OPERATOR), "claims") == [(3,), (3,)]
    assert told(await patterns(get, org_id=NORTH), "claims", "seats_held") == [(2, 1), (2, 1)]
    assert status_of(await get("/v1/claims/patterns", org_id=ELSEWHERE)) == 404
    assert status_of(await get("/v1/claims/patterns", who=LEARNER)) == 403


async def test_days_and_words_that_make_no_sense_are_told(get: Ask) -> None:
    for query in ({"since": "2026-03-03", "until": "2026-03-02"}, {"group_by": "person"}, {"cursor": "WzFd"}):
        assert status_of(await get("/v1/claims/patterns", **query)) == 422, query


def test_months_are_cut_at_the_days_that_are_asked_for() -> None:
    found = list(months(date(2025, 12, 30), date(2026, 2, 1)))
    assert found == [
        Period(date(2025, 12, 30), date(2025, 12, 31)),
        Period(date(2026, 1, 1), date(2026, 1, 31)),
        Period(date(2026, 2, 1), date(2026, 2, 1)),
    ]
    assert found[1].middle == date(2026, 1, 16)
    assert found[0].middle == date(2025, 12, 30)


@given(
    st.lists(st.floats(1.1, 3_000 * 86_400), min_size=1, max_size=30),
    st.sampled_from([0.5, 0.9]),
)
def test_a_wait_is_told_within_two_and_a_half_percent(waits: list[float], share: float) -> None:
    counted: dict[int, int] = {}
    for wait in waits:
        counted[length_of(wait)] = counted.get(length_of(wait), 0) + 1
    ranked = sorted(waits)
    exact = next(wait for place, wait in enumerate(ranked, 1) if place >= share * len(ranked))
    assert waited(counted, share) == pytest.approx(exact, rel=STEP**0.5 - 1 + 1e-9)
