"""When a reclaim comes into sight, and what takes it out of it again, as stories and as properties."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_usage.domain.activity import NOTICE_DAYS, Activity, Holding, Keep, judge
from usher_usage.domain.days import Pauses, end_of_days
from usher_usage.domain.policies import Policy
from usher_usage.domain.telling import Hold, WatchedSeat, settle

from .story import ANN, DISTRICT, NORTH, START, day
from .test_days import PAUSES, ZONES

POLICY = Policy(window_days=30, warn_days=20, reclaim_days=60)
LAST_OF_MAY = Pauses.of([(date(2026, 4, 1), date(2026, 5, 31))])


def midnight(month: int, day_: int) -> datetime:
    return datetime(2026, month, day_, tzinfo=UTC)


def holding(
    login: datetime | None = START,
    *,
    policy: Policy = POLICY,
    connected: datetime | None = START,
    pauses: Pauses = Pauses(),  # noqa: B008 (frozen)
    keep: Keep | None = None,
) -> Holding:
    return Holding(START, login, connected, policy, UTC, pauses, keep)


WARNED = midnight(3, 23)
"""Twenty whole days after March 2nd."""


@pytest.mark.parametrize(
    ("story", "seat", "at", "activity", "due"),
    [
        ("none in sight before the warning", holding(), WARNED - timedelta(seconds=1), Activity.ACTIVE, None),
        ("warned, and told when", holding(), WARNED, Activity.WARNED, midnight(5, 2)),
        ("the same once inactive", holding(), day(40), Activity.INACTIVE, midnight(5, 2)),
        ("never used", holding(None), day(40), Activity.NEVER_USED, midnight(5, 2)),
        ("no policy reclaims", holding(policy=Policy()), day(400), Activity.INACTIVE, None),
        (
            "without a warning of its own, warned when inactive",
            holding(policy=replace(POLICY, warn_days=None)),
            day(29),
            Activity.ACTIVE,
            None,
        ),
        ("unknown never", holding(connected=None), day(400), Activity.UNKNOWN, None),
        (
            "never used counts from when a login could first be seen",
            holding(None, connected=day(100)),
            day(121),
            Activity.NEVER_USED,
            day(160) + timedelta(hours=12),
        ),
        ("a break comes between", holding(pauses=LAST_OF_MAY), day(28), Activity.WARNED, midnight(7, 2)),
    ],
)
def test_a_reclaim_in_sight(story: str, seat: Holding, at: datetime, activity: Activity, due: datetime | None) -> None:
    standing = judge(seat, at, warned_at=WARNED)
    assert (standing.activity, standing.reclaim_due) == (activity, due), story
    assert (standing.warned_since is None) == (due is None)


def test_between_the_warning_and_the_reclaim_lies_a_week() -> None:
    standing = judge(holding(), day(300))
    assert (standing.warned_since, standing.reclaim_due) == (day(300), end_of_days(day(300), 7, UTC))
    assert judge(holding(), day(304), day(300)).reclaim_due == standing.reclaim_due


def test_the_week_is_of_days_that_count() -> None:
    seat = holding(policy=Policy(window_days=20, warn_days=10, reclaim_days=25), pauses=LAST_OF_MAY)
    assert judge(seat, day(29) - timedelta(hours=5)).reclaim_due == midnight(6, 8)


def test_a_kept_seat_is_out_of_danger_until_shortly_before_its_time_is_over() -> None:
    kept = holding(keep=Keep(day(50), midnight(6, 1)))
    assert judge(kept, day(51)).reclaim_due is None
    again = judge(kept, day(51)).until
    assert again == midnight(5, 25)
    assert judge(kept, again).reclaim_due == midnight(6, 2), "a week of whole days after the second warning"
    assert judge(kept, day(51)).activity == Activity.INACTIVE, "a wish is no login"


def test_a_wish_that_ends_before_the_reclaim_hastens_nothing() -> None:
    kept = holding(keep=Keep(WARNED, midnight(4, 10)))
    assert judge(kept, midnight(4, 25)).reclaim_due == midnight(5, 3)


def test_a_wish_before_the_last_login_puts_no_warning_off() -> None:
    kept = replace(holding(day(20)), keep=Keep(day(5), midnight(4, 10)))
    assert judge(kept, day(45), day(41)).reclaim_due == midnight(5, 22)


def test_a_wish_to_keep_an_earlier_holding_is_none() -> None:
    assert judge(holding(keep=Keep(day(-1), day(300))), day(50), WARNED).reclaim_due == midnight(5, 2)


def test_the_login_that_brought_a_seat_back_counts() -> None:
    returned = replace(holding(day(-1)), is_return=True)
    assert judge(returned, day(1)).activity == Activity.ACTIVE
    assert judge(holding(day(-1)), day(1)).activity == Activity.NEVER_USED


@pytest.mark.parametrize(
    ("policy", "flawed"),
    [
        (Policy(), None),
        (POLICY, None),
        (Policy(window_days=30, warn_days=30), "warn_days"),
        (Policy(window_days=30, reclaim_days=30), "reclaim_days"),
    ],
)
def test_warned_before_inactive_before_reclaimed(policy: Policy, flawed: str | None) -> None:
    flaw = policy.find_flaw()
    assert (flaw and flaw[0]) == flawed


MOMENTS = st.integers(0, 12_000).map(lambda n: day(n / 24))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    window = draw(st.integers(2, 60))
    warn = draw(st.none() | st.integers(1, window - 1))
    reclaim = draw(st.none() | st.integers(window + 1, window + 90))
    return Policy(window, warn, reclaim, draw(st.none() | st.integers(1, 90)))


@st.composite
def holdings(draw: st.DrawFn) -> Holding:
    kept_at = draw(st.none() | MOMENTS)
    return Holding(
        draw(MOMENTS),
        draw(st.none() | MOMENTS),
        draw(st.none() | MOMENTS),
        draw(policies()),
        draw(ZONES),
        draw(PAUSES),
        Keep(kept_at, kept_at + timedelta(days=draw(st.integers(1, 90)))) if kept_at else None,
        draw(st.booleans()),
    )


@given(seat=holdings(), at=MOMENTS, later=MOMENTS, warned=st.none() | MOMENTS)
def test_until_then_nothing_changes_by_itself(
    seat: Holding, at: datetime, later: datetime, warned: datetime | None
) -> None:
    now = judge(seat, at, warned)
    if later >= at and (now.until is None or later < now.until):
        assert judge(seat, later, now.warned_since) == now
    if now.until is not None:
        assert judge(seat, now.until, now.warned_since) != now


@given(seat=holdings(), at=MOMENTS, warned=st.none() | MOMENTS)
def test_nobody_loses_a_seat_unwarned_or_while_active(seat: Holding, at: datetime, warned: datetime | None) -> None:
    standing = judge(seat, at, warned)
    assert (standing.warned_since is None) == (standing.reclaim_due is None)
    if standing.activity in (Activity.ACTIVE, Activity.UNKNOWN):
        assert standing.reclaim_due is None
    if standing.reclaim_due and standing.warned_since:
        assert standing.reclaim_due - standing.warned_since >= timedelta(days=NOTICE_DAYS, hours=-1)
        assert judge(seat, standing.reclaim_due, warned).activity in (Activity.INACTIVE, Activity.NEVER_USED)
        assert seat.kept_until is None or standing.reclaim_due >= seat.kept_until


@given(seat=holdings(), at=MOMENTS, warned=MOMENTS, length=st.integers(0, 90))
def test_a_break_outside_of_what_is_counted_changes_nothing(
    seat: Holding, at: datetime, warned: datetime, length: int
) -> None:
    warned = max(warned, seat.clock_begins)
    standing = judge(seat, at, warned)
    begins = seat.clock_begins.astimezone(seat.zone).date()
    before = (begins - timedelta(days=length), begins)
    last = max(seat.after(200), warned + timedelta(days=9), seat.kept_until or at)
    after_all = count_from(last, seat.zone)
    long_after = (after_all, after_all + timedelta(days=length))
    assert judge(with_pause(seat, before), at, warned) == standing
    assert judge(with_pause(seat, long_after), at, warned) == standing


def count_from(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date() + timedelta(days=400)


def with_pause(seat: Holding, days: tuple[date, date]) -> Holding:
    return replace(seat, pauses=Pauses.of([*seat.pauses.ranges, days]))


@given(seat=holdings(), at=MOMENTS, first=st.dates(date(2026, 1, 1), date(2027, 6, 30)), length=st.integers(0, 60))
def test_a_break_brings_nothing_nearer(seat: Holding, at: datetime, first: date, length: int) -> None:
    paused = with_pause(seat, (first, first + timedelta(days=length)))
    order = [Activity.UNKNOWN, Activity.NEVER_USED, Activity.ACTIVE, Activity.WARNED, Activity.INACTIVE]
    with_break, without = judge(paused, at), judge(seat, at)
    assert order.index(with_break.activity) <= order.index(without.activity)
    if with_break.reclaim_due and with_break.activity is without.activity and without.reclaim_due:
        assert with_break.reclaim_due >= without.reclaim_due


HOLDS = st.sampled_from(list(Hold))


@given(seat=holdings(), hold=HOLDS, moments=st.lists(MOMENTS, min_size=1, max_size=6).map(sorted))
def test_once_settled_a_seat_is_settled_until_it_is_to_be_looked_at_again(
    seat: Holding, hold: Hold, moments: list[datetime]
) -> None:
    watched = WatchedSeat(DISTRICT, ANN, "learn", NORTH, Hold.HELD, seat, None, None)
    for number, at in enumerate(moments):
        kept = watched if number < len(moments) - 1 else replace(watched, hold=hold)
        change = settle(kept, at)
        watched = replace(kept, told=change.told, look_at=change.look_at) if change else kept
        assert settle(watched, at) is None
        assert watched.look_at is None or watched.look_at > at
