"""A year of plausible logins: most people come on school days, some seldom, some no more, some never."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID

from usher_cli.generate.chance import chance

ALWAYS = date.max

HABITS = ("regular", "seldom", "lapsed", "never")
SHARES = (70, 14, 11, 5)
"""Of a hundred people, how many have each habit."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody's habit: the chance of a login on a school day, and the last day on which there may be one."""

    user_id: UUID
    chance: float
    until: date


def generate_logins(
    user_ids: Sequence[UUID], seed: int, until: datetime, *, days: int = 365
) -> Iterator[tuple[UUID, datetime]]:
    """Logins of the `days` before `until`, in order of time. The same arguments give the same logins.

    School days are busy, weekends and holidays quiet, and summer is quietest. Those who lapsed did so two to eight
    months before `until`.
    """
    rng = chance(seed, "logins")
    visitors = [_visitor(user_id, until.date(), days, rng) for user_id in user_ids]
    first = until - timedelta(days=days)
    for day in (first.date() + timedelta(days=number) for number in range(days + 1)):
        busy = how_busy(day)
        came = [visitor for visitor in visitors if rng.random() < visitor.chance * busy and day <= visitor.until]
        logins = [(_moment(day, until, rng), visitor.user_id) for visitor in came]
        yield from ((user_id, at) for at, user_id in sorted(logins) if first <= at < until)


def how_busy(day: date) -> float:
    """How many of those who come on a school day come on this one."""
    when = (day.month, day.day)
    if (6, 15) <= when <= (8, 15):
        return 0.05
    if when >= (12, 21) or when <= (1, 3):
        return 0.08
    return 0.1 if day.weekday() >= 5 else 1.0  # noqa: PLR2004 (Saturday)


def _visitor(user_id: UUID, last: date, days: int, rng: Random) -> Visitor:
    habit = rng.choices(HABITS, weights=SHARES)[0]
    if habit == "never":
        return Visitor(user_id, 0.0, last)
    if habit == "seldom":
        return Visitor(user_id, rng.uniform(0.03, 0.1), ALWAYS)
    if habit == "lapsed":
        return Visitor(user_id, rng.uniform(0.2, 0.5), last - timedelta(days=rng.randrange(60, min(days, 240) + 1)))
    return Visitor(user_id, rng.uniform(0.25, 0.8), ALWAYS)


def _moment(day: date, until: datetime, rng: Random) -> datetime:
    """Some time between six in the morning and nine at night, mostly around noon."""
    seconds = int(rng.triangular(6 * 3600, 21 * 3600, 11 * 3600))
    return datetime.combine(day, time(), until.tzinfo) + timedelta(seconds=seconds)
