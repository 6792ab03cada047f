"""Counting days: whole local days, without those of breaks and suspensions, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_usage.domain.days import DAY, Pauses, Range, count_days, days_before, end_of_days

from .story import day

CHICAGO, SANTIAGO = ZoneInfo("America/Chicago"), ZoneInfo("America/Santiago")
ZONES = st.sampled_from([UTC, CHICAGO, SANTIAGO, ZoneInfo("Pacific/Auckland"), ZoneInfo("Asia/Kathmandu")])
DAYS = st.dates(date(2026, 1, 1), date(2027, 6, 30))
RANGES = st.tuples(DAYS, st.integers(0, 60)).map(lambda one: (one[0], one[0] + timedelta(days=one[1])))
PAUSES = st.lists(RANGES, max_size=6).map(Pauses.of)


def march(first: int, last: int) -> Range:
    return date(2026, 3, first), date(2026, 3, last)


@pytest.mark.parametrize(
    ("story", "pauses", "reached"),
    [
        ("no break", [], 12),
        ("a break in between", [march(5, 8)], 16),
        ("a break that began before", [(date(2026, 2, 20), date(2026, 3, 4))], 14),
        ("a break of the first day alone", [march(2, 2)], 12),
        ("a break that begins as the last day ends", [march(13, 20)], 12),
        ("a break that begins with the last day", [march(12, 20)], 21),
        ("breaks that overlap count once", [march(5, 8), march(7, 9), march(5, 8)], 17),
        ("one break leads into another", [march(10, 14), march(16, 18)], 20),
        ("a break that is over", [(date(2026, 1, 1), date(2026, 3, 1))], 12),
    ],
)
def test_ten_days_after_march_second(story: str, pauses: list[Range], reached: int) -> None:
    assert count_days(date(2026, 3, 2), 10, Pauses.of(pauses)) == date(2026, 3, reached), story


@given(day=DAYS, days=st.integers(1, 200), pauses=PAUSES)
def test_days_are_counted_as_by_hand(day: date, days: int, pauses: Pauses) -> None:
    reached, counted = day, 0
    while counted < days:
        reached += DAY
        counted += not any(first <= reached <= last for first, last in pauses.ranges)
    assert count_days(day, days, pauses) == reached


@given(ranges=st.lists(RANGES, max_size=8), order=st.randoms(use_true_random=False))
def test_breaks_are_the_days_that_they_cover(ranges: list[Range], order: Random) -> None:
    shuffled = sorted(ranges, key=lambda _: order.random())
    pauses = Pauses.of(shuffled)
    assert pauses == Pauses.of(ranges)
    covered = {first + timedelta(days=n) for first, last in ranges for n in range((last - first).days + 1)}
    kept = {first + timedelta(days=n) for first, last in pauses.ranges for n in range((last - first).days + 1)}
    assert kept == covered
    assert all(later[0] - earlier[1] > DAY for earlier, later in pairwise(pauses.ranges))


def test_a_break_that_ends_before_it_begins_is_none() -> None:
    assert Pauses.of([(date(2026, 3, 9), date(2026, 3, 8))]) == Pauses()


def test_a_day_of_23_hours_is_a_day() -> None:
    login = datetime(2026, 3, 7, 18, tzinfo=UTC)  # the clocks go forward in Chicago on the 8th
    assert end_of_days(login, 1, CHICAGO) == datetime(2026, 3, 9, 5, tzinfo=UTC)
    assert end_of_days(login, 0, CHICAGO) == datetime(2026, 3, 8, 6, tzinfo=UTC)


def test_a_day_without_a_midnight_begins_when_it_begins() -> None:
    login = datetime(2026, 9, 4, 18, tzinfo=UTC)  # in Santiago the 6th begins at one in the morning
    assert end_of_days(login, 1, SANTIAGO) == datetime(2026, 9, 6, 4, tzinfo=UTC)


@given(days=st.integers(0, 100), moment=st.integers(0, 20_000).map(lambda n: day(n / 40)), zone=ZONES)
def test_days_before_are_undone_by_days_after(days: int, moment: datetime, zone: tzinfo) -> None:
    assert end_of_days(days_before(moment, days, zone), days, zone) == end_of_days(moment, 0, zone)
