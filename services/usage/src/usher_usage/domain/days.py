"""Days that count: an organization's local days, without those of breaks and suspensions (seats: Usage)."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeAlias

DAY = timedelta(days=1)

Range: TypeAlias = tuple[date, date]
"""Days from the first to the last, both included."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Days on which the clock of inactivity stands: ranges in order, none of which touches another."""

    ranges: tuple[Range, ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[Range]) -> "Pauses":
        """These days, whatever their order and however they overlap."""
        merged: list[Range] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + DAY:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            elif first <= last:
                merged.append((first, last))
        return cls(tuple(merged))

    def after(self, day: date) -> tuple[Range, ...]:
        """The ranges that end later than `day`."""
        return self.ranges[bisect_right(self.ranges, day, key=last_day) :]


def last_day(days: Range) -> date:
    return days[1]


NONE = Pauses()


def count_days(day: date, days: int, pauses: Pauses = NONE) -> date:
    """The day on which `days` whole days that count have passed after `day`, which is none of them itself."""
    reached = day + timedelta(days=days)
    if pauses.ranges:
        for first, last in pauses.after(day):
            if first > reached:
                break
            reached += last - max(first, day + DAY) + DAY
    return reached


def end_of_days(moment: datetime, days: int, zone: tzinfo, pauses: Pauses = NONE) -> datetime:
    """The midnight, where the organization is, after `days` days that count; the moment's own day is none of them."""
    return midnight(count_days(moment.astimezone(zone).date(), days, pauses) + DAY, zone)


def days_before(moment: datetime, days: int, zone: tzinfo) -> datetime:
    """The midnight at which the day begins that is `days` days before the moment's own."""
    return midnight(moment.astimezone(zone).date() - timedelta(days=days), zone)


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
