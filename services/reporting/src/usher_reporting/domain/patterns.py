"""Patterns of claims: the periods that are looked at, and one's figures (guide: Reports → License Claims)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from usher_reporting.domain.waits import waited

DAY = timedelta(days=1)


class Period(NamedTuple):
    """Days from the first to the last, both included."""

    first: date
    last: date

    @property
    def middle(self) -> date:
        """The day in the middle; of two, the earlier."""
        return self.first + (self.last - self.first) // 2


def months(first: date, last: date) -> Iterator[Period]:
    """The months from one day to another; the outer ones as far as they are within."""
    while first <= last:
        following = (first.replace(day=1) + 31 * DAY).replace(day=1)
        yield Period(first, min(last, following - DAY))
        first = following


@dataclass(frozen=True, slots=True)
class Pattern:
    """What happened to seats in a period: its claims by kind, and those who were seated by length of wait."""

    kinds: Mapping[str, int]
    entered: int
    left: int
    transferred: int
    """Seats that came here with people who moved between organizations, less those that went."""
    held_before: int
    held_in_middle: int
    waits: Mapping[int, int]

    @property
    def net_change(self) -> int:
        return self.entered - self.left + self.transferred

    @property
    def held(self) -> int:
        """Seats held at the period's end."""
        return self.held_before + self.net_change

    @property
    def churn_percentage(self) -> float | None:
        """Seats that were left, of those held on the period's middle day; above 100 where more left than that."""
        return round(100 * self.left / self.held_in_middle, 2) if self.held_in_middle > 0 else None

    def waited_seconds(self, share: float) -> int | None:
        """Within how many seconds this share of those who got a seat had it."""
        seconds = waited(self.waits, share)
        return None if seconds is None else round(seconds)
