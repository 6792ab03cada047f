"""When notices go out, as rules."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import (
    DIGEST_EVERY,
    HOLD,
    HOLD_OF_MANY,
    LONGEST_RETRY,
    MANY,
    LastDigest,
    backoff,
    hold,
    next_digest,
    useful_until,
)

from .story import START, day

HOUR = timedelta(hours=1)


def test_the_notices_of_many_are_held_for_longer() -> None:
    assert [hold(1), hold(MANY - 1), hold(MANY)] == [HOLD, HOLD, HOLD_OF_MANY]


def test_waits_and_files_are_told_of_for_two_days_a_warning_for_five_and_what_is_to_be_decided_for_seven() -> None:
    days = {Kind.WAITLISTED: 2, Kind.WAITLIST_DIGEST: 2, Kind.EXPORT_READY: 2, Kind.RECLAIM_WARNING: 5}
    assert [useful_until(kind, START) for kind in Kind] == [day(days.get(kind, 7)) for kind in Kind]


def test_attempts_are_doubled_up_to_an_hour() -> None:
    waits = [backoff(number) for number in range(1, 20)]
    assert waits[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_RETRY


@pytest.mark.parametrize(
    ("story", "last", "due"),
    [
        ("the first", None, START + HOLD),
        ("one that is ahead counts these too", LastDigest(START + HOLD, is_ahead=True), None),
        ("an hour after the last", LastDigest(START - HOUR / 4, is_ahead=False), START + HOUR * 3 / 4),
        ("the last is long past", LastDigest(START - 2 * HOUR, is_ahead=False), START + HOLD),
    ],
)
def test_the_next_digest(story: str, last: LastDigest | None, due: datetime | None) -> None:
    assert next_digest(last, START, HOLD) == due, story


@given(st.lists(st.integers(0, 400), min_size=1, max_size=40).map(sorted))
def test_whoever_begins_to_wait_is_in_a_digest_within_the_hour_and_an_hour_has_but_one(minutes: list[int]) -> None:
    due: list[datetime] = []
    for minute in minutes:
        at = START + timedelta(minutes=minute)
        last = LastDigest(due[-1], is_ahead=due[-1] > at) if due else None
        if (planned := next_digest(last, at, HOLD)) is not None:
            due.append(planned)
        assert at < due[-1] <= at + DIGEST_EVERY + HOLD
    assert all(later - earlier >= DIGEST_EVERY for earlier, later in pairwise(due))
