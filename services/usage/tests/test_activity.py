"""The rule of activity, as a table of stories and as properties."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_usage.domain.activity import Activity, Holding, judge
from usher_usage.domain.days import end_of_days
from usher_usage.domain.policies import Policy

from .story import START, day

AUCKLAND = ZoneInfo("Pacific/Auckland")
ZONES = st.sampled_from([UTC, AUCKLAND, *map(ZoneInfo, ("America/Chicago", "America/Santiago", "Asia/Kathmandu"))])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def holding(login: datetime | None, *, window: int = 30, warn: int | None = None, has_source: bool = True) -> Holding:
    return Holding(START, login, START if has_source else None, Policy(window, warn))


@pytest.mark.parametrize(
    ("story", "seat", "at", "activity"),
    [
        ("logged in today", holding(day(5)), day(5), Activity.ACTIVE),
        ("logged in within the window", holding(day(5)), day(35), Activity.ACTIVE),
        ("thirty whole days without a login", holding(day(5)), day(36), Activity.INACTIVE),
        ("has never logged in", holding(None), day(90), Activity.NEVER_USED),
        ("logged in before the assignment alone", holding(day(-1)), day(1), Activity.NEVER_USED),
        ("logged in at the very assignment", holding(day(0)), day(1), Activity.ACTIVE),
        ("no source of logins is connected", holding(None, has_source=False), day(90), Activity.UNKNOWN),
        ("a shorter window", holding(day(5), window=7), day(13), Activity.INACTIVE),
        ("whole days up to the warning", holding(day(5), warn=10), day(15), Activity.ACTIVE),
        ("the warning's days without a login", holding(day(5), warn=10), day(16), Activity.WARNED),
        ("warned until the window ends", holding(day(5), warn=10), day(35), Activity.WARNED),
        ("inactive after the window, warned or not", holding(day(5), warn=10), day(36), Activity.INACTIVE),
        ("never used is not warned", holding(None, warn=10), day(16), Activity.NEVER_USED),
        ("a clock that is behind the login's", holding(day(5)), day(4), Activity.ACTIVE),
    ],
)
def test_activity(story: str, seat: Holding, at: datetime, activity: Activity) -> None:
    assert judge(seat, at).activity == activity, story


def test_days_are_the_organizations_own() -> None:
    login = datetime(2026, 3, 2, 12, tzinfo=UTC)  # in Auckland the 3rd, one hour old
    assert end_of_days(login, 1, UTC) == datetime(2026, 3, 4, tzinfo=UTC)
    assert end_of_days(login, 1, AUCKLAND) == datetime(2026, 3, 5, tzinfo=AUCKLAND)


def test_inactive_since_the_end_of_the_window_and_never_used_since_the_assignment() -> None:
    assert judge(holding(day(5)), day(90)).since == datetime(2026, 4, 7, tzinfo=UTC)
    assert judge(holding(day(5), warn=10), day(20)).since == datetime(2026, 3, 18, tzinfo=UTC)
    assert judge(holding(None), day(90)).since == START


@given(login=MOMENTS, days=st.integers(1, 400), zone=ZONES)
def test_the_window_is_its_whole_days_and_the_rest_of_the_logins_own(login: datetime, days: int, zone: tzinfo) -> None:
    window = end_of_days(login, days, zone) - login
    change_of_clocks = timedelta(hours=1)
    assert timedelta(days=days) - change_of_clocks < window <= timedelta(days=days + 1) + change_of_clocks
