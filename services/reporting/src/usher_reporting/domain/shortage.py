"""When seats run out, and how many to buy: demand that may come, against the capacity that license terms give."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, sqrt
from statistics import NormalDist

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Term:
    """A license term, as far as it gives seats: from its start to its end, its grace not counted."""

    seats: int
    starts_at: datetime
    ends_at: datetime
    overage: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What may be a number of days from now: demand as expected, between a low and a high; and what may be given then.

    `room` is capacity with overage; none without a limit. The confidence is that demand is not above `high`.
    """

    at: datetime
    expected: float
    low: float
    high: float
    capacity: int
    room: int | None

    def lacks(self, demand: float) -> float:
        """The seats that such a demand would lack; below 0 what is left."""
        return float("-inf") if self.room is None else demand - self.room


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first day on which seats are short if demand is as expected, high, or low; none within what is looked at."""

    expected_on: date | None
    earliest_on: date | None
    latest_on: date | None
    seats_to_buy: int
    ends_first: bool
    """Whether it is the end of a term, and no growth of demand, that makes seats short."""


def room_of(terms: Iterable[Term], at: datetime) -> tuple[int, int | None]:
    """Capacity at a moment, and with overage how many may be given then (seats: Capacity)."""
    counting = [term for term in terms if term.starts_at <= at < term.ends_at]
    capacity = sum(term.seats for term in counting)
    if any(term.overage == "allow" for term in counting):
        return capacity, None
    return capacity, capacity + sum(overage_of(term) for term in counting)


def overage_of(term: Term) -> int:
    kind, _, percent = term.overage.partition(":")
    return term.seats * int(percent) // 100 if kind == "percent" else 0


def outlooks(
    now: datetime, demand: int, changes: Sequence[float], spread: float, terms: Sequence[Term], confidence: float
) -> Iterator[Outlook]:
    """Today, then each week to come, and each moment between at which a term begins or ends.

    Demand changes by `changes` until the end of each week; between two weeks it is that of the one before.
    """
    wide = NormalDist().inv_cdf(confidence / 100)
    last = now + len(changes) * WEEK
    moments = {now + number * WEEK: number for number in range(len(changes) + 1)}
    for term in terms:
        for at in (term.starts_at, term.ends_at):
            if now < at <= last:
                moments.setdefault(at, (at - now) // WEEK)
    for at, number in sorted(moments.items()):
        expected = max(0.0, demand + (changes[number - 1] if number else 0.0))
        margin = wide * spread * sqrt(number)
        yield Outlook(at, expected, max(0.0, expected - margin), expected + margin, *room_of(terms, at))


def shortage(found: Sequence[Outlook]) -> Shortage:
    """When seats are short, and how many more would do at every moment, were demand as high as may be."""
    expected = next((one for one in found if one.lacks(one.expected) > 0), None)
    high = next((one for one in found if one.lacks(one.high) > 0), None)
    low = next((one for one in found if one.lacks(one.low) > 0), None)
    lacking = max((one.lacks(one.high) for one in found), default=0.0)
    first = expected or high
    return Shortage(
        expected_on=day_of(expected),
        earliest_on=day_of(high),
        latest_on=day_of(low),
        seats_to_buy=ceil(lacking) if lacking > 0 else 0,
        ends_first=first is not None and first.room is not None and is_smaller(found, first),
    )


def is_smaller(found: Sequence[Outlook], short: Outlook) -> bool:
    """Whether less may be given than at the first moment, and what might be given then would have been enough."""
    before = found[0].room
    return before is None or (short.room is not None and short.room < before and short.expected <= before)


def day_of(one: Outlook | None) -> date | None:
    return one.at.date() if one else None
