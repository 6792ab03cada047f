"""When a seat's activity is told: what changed at once, a newer login once a day, nothing twice."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_usage.domain.activity import Activity, Holding, judge
from usher_usage.domain.policies import Policy
from usher_usage.domain.telling import TELL_AGAIN, Change, Hold, WatchedSeat, settle

from .story import ANN, DISTRICT, NORTH, SOUTH, START, day


def watched(login: datetime | None = None, *, org: UUID = NORTH, window: int = 30) -> WatchedSeat:
    holding = Holding(START, login, START, Policy(window))
    return WatchedSeat(DISTRICT, ANN, "learn", org, Hold.HELD, holding, told=None, look_at=None)


def after(change: Change | None, seat: WatchedSeat) -> WatchedSeat:
    """The seat with what was decided written down."""
    return replace(seat, told=change.told, look_at=change.look_at) if change else seat


def seen(seat: WatchedSeat, login: datetime) -> WatchedSeat:
    assert seat.holding
    return replace(seat, holding=replace(seat.holding, last_login_at=login))


def settled(seat: WatchedSeat, at: datetime) -> tuple[WatchedSeat, bool]:
    change = settle(seat, at)
    return after(change, seat), bool(change and change.is_news)


def test_the_first_judgement_is_told_and_the_same_again_is_not() -> None:
    seat, is_news = settled(watched(day(1)), day(1))
    assert is_news
    assert settle(seat, day(1)) is None


def test_another_activity_is_told_at_once() -> None:
    seat, _ = settled(watched(), day(1))
    seat, is_news = settled(seen(seat, day(1)), day(1))
    assert is_news
    assert seat.told
    assert (seat.told.activity, seat.told.version) == (Activity.ACTIVE, 2)


def test_another_organization_is_told_at_once() -> None:
    seat, _ = settled(watched(day(1)), day(1))
    assert settled(replace(seat, org_id=SOUTH), day(1))[1]


def test_a_second_login_of_the_day_is_nothing() -> None:
    seat, _ = settled(watched(day(1)), day(1))
    assert settle(seen(seat, day(1) + timedelta(hours=3)), day(3)) is None


def test_logins_of_many_days_that_come_in_at_once_are_told_once_and_again_a_day_later() -> None:
    seat, _ = settled(watched(day(1)), day(40))
    for number in range(2, 30):
        seat, is_news = settled(seen(seat, day(number)), day(40))
        assert is_news == (number == 10), "the login that makes active again, and no other"
    assert seat.look_at == day(41)
    seat, is_news = settled(seat, day(41))
    assert is_news
    assert seat.told
    assert seat.told.last_login_at == day(29)


def test_a_seat_that_nobody_holds_is_watched_no_more() -> None:
    seat, _ = settled(watched(day(1)), day(1))
    seat, is_news = settled(replace(seat, hold=Hold.NONE, holding=None), day(2))
    assert not is_news
    assert seat.look_at is None
    assert settle(seat, day(90)) is None


def test_a_longer_window_makes_active_again() -> None:
    seat, _ = settled(watched(day(1)), day(40))
    assert seat.told
    assert seat.told.activity == Activity.INACTIVE
    longer = replace(watched(day(1), window=60), told=seat.told, look_at=seat.look_at)
    seat, is_news = settled(longer, day(40))
    assert is_news
    assert seat.told
    assert seat.told.activity == Activity.ACTIVE


RECLAIMING = Policy(window_days=30, warn_days=20, reclaim_days=60)


def reclaiming(login: datetime | None = None) -> WatchedSeat:
    return under(RECLAIMING, watched(login))


def under(policy: Policy, seat: WatchedSeat) -> WatchedSeat:
    assert seat.holding
    return replace(seat, holding=replace(seat.holding, policy=policy))


def test_a_warning_is_told_at_once_and_stands_until_the_login() -> None:
    seat, _ = settled(reclaiming(day(0)), day(0))
    assert seat.look_at
    seat, is_news = settled(seat, seat.look_at)
    assert is_news
    assert seat.told
    warned = seat.told.warned_since
    assert (seat.told.activity, warned) == (Activity.WARNED, seat.told.at)
    assert seat.look_at
    seat, _ = settled(seat, seat.look_at)
    assert seat.told
    assert (seat.told.activity, seat.told.warned_since) == (Activity.INACTIVE, warned)
    seat, is_news = settled(seen(seat, day(45)), day(45))
    assert is_news
    assert seat.told
    assert (seat.told.activity, seat.told.warned_since, seat.told.reclaim_due) == (Activity.ACTIVE, None, None)


def test_a_late_login_that_leaves_the_holder_warned_is_another_warning() -> None:
    seat, _ = settled(reclaiming(day(0)), day(22))
    assert seat.told
    first = seat.told
    seat, is_news = settled(seen(seat, day(1)), day(23))
    assert is_news
    assert seat.told
    assert (seat.told.activity, seat.told.warned_since) == (Activity.WARNED, day(23))
    assert seat.told.reclaim_due
    assert first.reclaim_due
    assert seat.told.reclaim_due - first.reclaim_due == timedelta(days=1)


def test_a_policy_that_is_switched_off_takes_the_warning_back() -> None:
    seat, _ = settled(reclaiming(day(0)), day(50))
    seat, is_news = settled(under(Policy(), seat), day(51))
    assert is_news
    assert seat.told
    assert (seat.told.activity, seat.told.warned_since, seat.told.reclaim_due) == (Activity.INACTIVE, None, None)
    seat, is_news = settled(under(RECLAIMING, seat), day(70))
    assert seat.told
    assert seat.told.warned_since == day(70)


def test_a_seat_that_is_suspended_is_not_to_be_reclaimed() -> None:
    seat, _ = settled(reclaiming(day(0)), day(50))
    seat, is_news = settled(replace(seat, hold=Hold.SUSPENDED, holding=None), day(51))
    assert is_news
    assert seat.told
    assert (seat.told.activity, seat.told.reclaim_due, seat.look_at) == (Activity.INACTIVE, None, None)
    assert settle(seat, day(90)) is None


def reclaimed(policy: Policy = RECLAIMING) -> WatchedSeat:
    """Ann's seat, taken back on day 61 as she had last come on day 0."""
    seat, _ = settled(reclaiming(day(0)), day(50))
    return replace(under(policy, seat), hold=Hold.RECLAIMED)


@pytest.mark.parametrize(
    ("story", "login", "policy", "due"),
    [
        ("she comes back", day(70), RECLAIMING, day(130.5)),
        ("she had come before, in time", day(30), RECLAIMING, day(90.5)),
        ("nothing is reclaimed any more", day(70), Policy(), None),
    ],
)
def test_a_login_moves_the_reclaim_of_a_reclaimed_seat(
    story: str, login: datetime, policy: Policy, due: datetime | None
) -> None:
    seat, is_news = settled(seen(reclaimed(policy), login), day(72))
    assert is_news, story
    assert seat.told
    assert (seat.told.last_login_at, seat.told.reclaim_due, seat.told.warned_since) == (login, due, None), story
    assert seat.look_at is None
    assert settle(seat, day(300)) is None


def test_who_returns_is_seen_where_no_source_is_connected() -> None:
    seat = seen(reclaimed(), day(70))
    assert seat.holding
    seat, is_news = settled(replace(seat, holding=replace(seat.holding, connected_since=None)), day(72))
    assert is_news
    assert seat.told
    assert (seat.told.activity, seat.told.reclaim_due) == (Activity.ACTIVE, day(130.5))


def test_neither_a_policy_nor_a_calendar_moves_the_reclaim_of_a_reclaimed_seat() -> None:
    seat = reclaimed(Policy(window_days=30, reclaim_days=300))
    change = settle(seat, day(72))
    assert change is None or not change.is_news
    change = settle(replace(seat, hold=Hold.RECLAIMED, holding=None), day(72))
    assert change is None or not change.is_news


LOGINS = st.lists(st.integers(1, 200).map(lambda n: day(n / 2)), min_size=1, max_size=12)


@given(logins=LOGINS, order=st.randoms(use_true_random=False))
def test_the_order_of_logins_does_not_matter(logins: list[datetime], order: Random) -> None:
    def played(sequence: list[datetime]) -> WatchedSeat:
        seat, last = watched(), START - timedelta(days=1)
        for number, login in enumerate(sequence):
            last = max(last, login)
            seat, _ = settled(seen(seat, last), day(100) + timedelta(minutes=number))
        return settled(seat, day(102))[0]

    shuffled = sorted(logins, key=lambda _: order.random())
    one, other = played(logins).told, played(shuffled).told
    assert one
    assert other
    assert (one.activity, one.since.date()) == (other.activity, other.since.date())


@given(logins=LOGINS)
def test_facts_are_bounded_by_days_and_looked_at_again_in_time(logins: list[datetime]) -> None:
    seat, told_at, versions = watched(), [], []
    for login in sorted(logins):
        seat, is_news = settled(seen(seat, login), login)
        if is_news and seat.told:
            told_at.append((seat.told.at, seat.told.activity))
            versions.append(seat.told.version)
        assert seat.holding
        standing = judge(seat.holding, login)
        assert standing.until
        assert seat.look_at is not None
        assert seat.look_at <= standing.until
    assert versions == list(range(1, len(versions) + 1))
    for (earlier, one), (later, other) in pairwise(told_at):
        assert one != other or later - earlier >= TELL_AGAIN
