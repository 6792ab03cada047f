"""A year of logins: school days are busy, summer is quiet, some people lapsed and some never came."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from usher_cli.generate.logins import generate_logins

UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
PEOPLE = [UUID(int=number) for number in range(400)]
LOGINS = list(generate_logins(PEOPLE, 1, UNTIL))


def test_the_same_seed_gives_the_same_logins_in_order_of_time() -> None:
    assert list(generate_logins(PEOPLE, 1, UNTIL)) == LOGINS
    assert list(generate_logins(PEOPLE, 2, UNTIL)) != LOGINS
    times = [at for _, at in LOGINS]
    assert times == sorted(times)
    assert UNTIL - timedelta(days=365) <= times[0] <= times[-1] < UNTIL


def test_some_are_active_some_lapsed_months_ago_and_some_never_came() -> None:
    last: dict[UUID, datetime] = dict(LOGINS)
    active = sum(at > UNTIL - timedelta(days=30) for at in last.values())
    lapsed = sum(at < UNTIL - timedelta(days=60) for at in last.values())
    assert 270 <= active <= 350
    assert 25 <= lapsed <= 75
    assert 8 <= len(PEOPLE) - len(last) <= 40


def test_school_days_are_busy_and_summer_and_weekends_are_quiet() -> None:
    days: dict[str, list[int]] = defaultdict(list)
    count = Counter(at.date() for _, at in LOGINS)
    for number in range(1, 365):
        day = (UNTIL - timedelta(days=number)).date()
        is_summer = (6, 15) <= (day.month, day.day) <= (8, 15)
        days["summer" if is_summer else "weekend" if day.weekday() >= 5 else "school"].append(count[day])
    mean = {kind: sum(counts) / len(counts) for kind, counts in days.items()}
    assert mean["school"] > 5 * mean["weekend"] > 0
    assert mean["school"] > 8 * mean["summer"] > 0
