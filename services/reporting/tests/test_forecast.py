"""Forecasts: guesses judged by what came, seats held against terms, and the whole over HTTP."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from usher_reporting.domain.demand import (
    AHEAD,
    Guess,
    backtest,
    by_week,
    forecast,
    last_value,
    seasonal_naive,
)
from usher_reporting.domain.shortage import Term, outlooks, room_of, shortage
from usher_reporting.use_cases.forecasting import WEEKS, forecast_due
from usher_reporting.use_cases.guesses import damped_trend, forecast_all, seasonal_trend

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages, status_of
from .story import ANN, BOB, DISTRICT, ELSEWHERE, LAB, NORTH, Reporting, day, pool, seat, term

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GROWING = [100.0 + 3 * week for week in range(40)]


def term_of(seats: int, *, starts: int = -100, ends: int = 300, overage: str = "block") -> Term:
    return Term(seats, NOW + timedelta(days=starts), NOW + timedelta(days=ends), overage)


def test_a_guess_is_never_shown_what_came_after_its_origin() -> None:
    shown: list[int] = []

    def peek(past: Sequence[float], weeks: int) -> Sequence[float]:
        shown.append(len(past))
        assert list(past) == GROWING[: len(past)]
        return [past[-1]] * weeks

    found = backtest(GROWING, {"peek": (1, peek)})
    assert len(shown) == found.origins
    assert max(shown) == len(GROWING) - AHEAD
    assert min(shown) >= len(GROWING) // 2


def test_errors_are_those_of_the_guess_in_seats_and_in_weekly_changes() -> None:
    found = backtest(GROWING, {"last_value": (1, last_value)})
    assert found.errors["last_value"].mean == pytest.approx(3 * (AHEAD + 1) / 2)
    assert found.errors["last_value"].scaled == pytest.approx((AHEAD + 1) / 2)
    assert backtest([7.0] * 40, {"last_value": (1, last_value)}).errors["last_value"].scaled is None


def test_the_plain_guess_stays_where_nothing_does_better() -> None:
    worse: Guess = lambda past, weeks: [past[-1] + 50] * weeks  # noqa: E731
    found = forecast([100.0] * 30, 4, {"worse": (1, worse), "equal": (1, last_value)})
    assert (found.model, found.changes, found.spread) == ("last_value", [0.0] * 4, 0.0)
    assert found.backtest is not None
    assert found.backtest.errors["worse"].mean == 50


def test_too_short_a_history_is_told_and_stays_as_it_is() -> None:
    found = forecast(GROWING[:11], 3, {"damped_trend": (8, damped_trend)})
    assert (found.model, found.history_weeks, found.changes, found.backtest) == ("last_value", 11, [0.0] * 3, None)
    assert found.spread == 3


def test_a_trend_is_found_and_beats_the_naive_guess() -> None:
    [found] = forecast_all([GROWING], 8)
    assert found.backtest is not None
    assert found.model == "damped_trend"
    assert found.changes[-1] == pytest.approx(24, abs=4)
    assert found.backtest.errors["damped_trend"].mean < found.backtest.errors["last_value"].mean / 4


def test_a_season_is_told_from_a_trend_where_there_are_two_years() -> None:
    wave = [200 + 40 * math.sin(2 * math.pi * week / 52) for week in range(143)]
    assert seasonal_naive(wave[:130], 13) == pytest.approx(wave[130:])
    assert seasonal_trend(wave[:130], 13) == pytest.approx(wave[130:], abs=8)


def test_weeks_begin_with_the_first_change_and_end_with_the_last_whole_one() -> None:
    monday = date(2026, 5, 4)
    changes = {monday: 10, monday + timedelta(days=14): -2, monday + timedelta(days=28): 5}
    assert by_week(changes, monday + timedelta(days=30)) == [10, 10, 8, 8]
    assert by_week({}, monday) == []


def test_capacity_is_what_counts_at_the_moment_with_overage() -> None:
    terms = [term_of(100, overage="percent:15"), term_of(10, starts=50), term_of(7, ends=0)]
    assert room_of(terms, NOW) == (100, 115)
    assert room_of(terms, NOW + timedelta(days=60)) == (110, 125)
    assert room_of([term_of(5, overage="allow")], NOW) == (5, None)


def shortage_of(demand: int, changes: Sequence[float], terms: list[Term], *, spread: float = 0.0) -> Any:
    return shortage(list(outlooks(NOW, demand, changes, spread, terms, 80)))


def test_seats_run_out_in_the_week_in_which_demand_passes_them() -> None:
    found = shortage_of(90, [4.0, 8.0, 12.0, 16.0], [term_of(100)])
    assert (found.expected_on, found.seats_to_buy, found.ends_first) == (date(2026, 6, 22), 6, False)
    assert shortage_of(90, [4.0, 8.0], [term_of(100)]).expected_on is None
    assert shortage_of(90, [40.0], [term_of(100, overage="allow")]).seats_to_buy == 0


def test_what_is_uncertain_makes_a_range_and_more_to_buy() -> None:
    found = shortage_of(90, [4.0, 8.0, 12.0, 16.0], [term_of(100)], spread=4.0)
    assert found.earliest_on < found.expected_on
    assert found.latest_on is None
    assert found.seats_to_buy == math.ceil(6 + 0.8416 * 4 * 2)


def test_a_license_that_ends_is_why_seats_run_out_and_one_that_follows_is_why_not() -> None:
    found = shortage_of(90, [0.0] * 8, [term_of(100, ends=10)])
    assert (found.expected_on, found.seats_to_buy, found.ends_first) == (date(2026, 6, 11), 90, True)
    assert shortage_of(90, [0.0] * 8, [term_of(100, ends=10), term_of(95, starts=10)]).expected_on is None


def test_who_waits_now_lacks_a_seat_now() -> None:
    assert shortage_of(110, [0.0], [term_of(100)]).seats_to_buy == 10


@pytest.fixture
async def served(district: Reporting) -> Reporting:
    """The district's pool serves all but the lab, which has one of its own: two people there, one of whom waits."""
    await district.hear(
        pool(DISTRICT, 10), term(DISTRICT, ends=day(400)),
        pool(LAB, 1), term(LAB, ends=day(400)),
        seat(ANN, org=LAB, pool_of=LAB), seat(BOB, "waitlisted", org=LAB, pool_of=LAB, at=day(8)),
        pool(ELSEWHERE, 5, tenant=ELSEWHERE),
    )  # fmt: skip
    return district


@pytest.mark.usefixtures("served")
async def test_a_pool_without_a_forecast_says_so_and_tells_what_is_known(get: Ask) -> None:
    [whole, lab] = (await get("/v1/forecast", horizon_days=14))["items"]
    assert (whole["demand"], whole["capacity"], whole["runs_out_on"], whole["made_at"]) == (0, 10, None, None)
    assert (lab["organization"], lab["demand"], lab["waitlisted"], lab["capacity"]) == ("Lab", 2, 1, 10)
    assert "No forecast was made yet" in lab["note"]
    assert len(lab["moments"]) == 3


async def test_demand_is_forecast_once_a_day_from_what_the_pools_own_units_claimed(served: Reporting, get: Ask) -> None:
    asked: list[list[list[float]]] = []

    async def compute(pasts: Sequence[Sequence[float]], weeks: int) -> Any:
        asked.append([list(past) for past in pasts])
        return forecast_all(pasts, weeks)

    served.clock.move_to(day(30))
    assert await forecast_due(served.database, served.clock, compute) is False
    [histories] = asked
    assert sorted(histories) == [[], [], [1, 2, 2, 2]]
    [_, lab] = (await get("/v1/forecast"))["items"]
    assert (lab["model"], lab["history_weeks"], lab["note"][:18]) == ("last_value", 4, "Too little history")
    served.clock.move_to(day(30.5))
    await forecast_due(served.database, served.clock, compute)
    assert len(asked) == 1
    served.clock.move_to(day(31.5))
    await forecast_due(served.database, served.clock, compute)
    assert len(asked) == 2


async def test_what_was_computed_is_kept_with_its_errors(served: Reporting, get: Ask) -> None:
    async def compute(pasts: Sequence[Sequence[float]], weeks: int) -> Any:
        return forecast_all([GROWING for _ in pasts], weeks)

    await forecast_due(served.database, served.clock, compute)
    lab = (await get("/v1/forecast", horizon_days=WEEKS * 7 - 10, confidence=90, org_id=LAB))["items"][0]
    assert (lab["model"], lab["note"], lab["made_at"]) == ("damped_trend", None, "2026-03-02T12:00:00Z")
    assert lab["backtest"]["weeks_ahead"] == AHEAD
    assert [error["model"] for error in lab["backtest"]["errors"]] == ["last_value", "damped_trend"]
    assert lab["because"] == "demand"
    assert lab["seats_to_buy"] > 0


@pytest.mark.usefixtures("served")
async def test_pages_and_who_may_see_them(get: Ask) -> None:
    whole = (await get("/v1/forecast"))["items"]
    assert await all_pages(get, "/v1/forecast", limit=1) == whole
    assert [one["organization"] for one in (await get("/v1/forecast", who=LAB_REPORTER))["items"]] == ["Lab"]
    assert len((await get("/v1/forecast", who=OPERATOR))["items"]) == 3
    assert [one["organization"] for one in (await get("/v1/forecast", org_id=NORTH))["items"]] == ["Lab"]
    assert status_of(await get("/v1/forecast", org_id=ELSEWHERE)) == 404
    assert status_of(await get("/v1/forecast", who=LEARNER)) == 403
    for query in ({"horizon_days": 6}, {"confidence": 100}, {"cursor": "WzFd"}):
        assert status_of(await get("/v1/forecast", **query)) == 422, query
