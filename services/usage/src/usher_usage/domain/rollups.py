"""Rollups: how many people of an organization came on a day and in a month of its own, whatever order that is told in.

Figures are kept for ever; who came, for as long as it may still be told again (seats: Usage).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

LONGEST_MONTH = timedelta(days=31)


class Period(StrEnum):
    """What people are counted over."""

    DAY = "day"
    MONTH = "month"


class Span(NamedTuple):
    """A day or a month of an organization's."""

    tenant_id: UUID
    org_id: UUID
    period: Period
    starts_on: date


class Presence(NamedTuple):
    """A person came, once or more, in that time."""

    user_id: UUID
    span: Span


@dataclass(frozen=True, slots=True)
class Visit:
    """One login: of whom, where they were then, and the time zone in which that organization counts its days."""

    tenant_id: UUID
    user_id: UUID
    org_id: UUID
    at: datetime
    zone: tzinfo

    def presences(self) -> Iterator[Presence]:
        """That it shows."""
        day = self.at.astimezone(self.zone).date()
        for period, starts_on in ((Period.DAY, day), (Period.MONTH, day.replace(day=1))):
            yield Presence(self.user_id, Span(self.tenant_id, self.org_id, period, starts_on))


class Count(NamedTuple):
    """What is added to a span's figures."""

    span: Span
    people: int
    logins: int


def presences_of(visits: Iterable[Visit]) -> Counter[Presence]:
    """All that these logins show, each with how many logins show it."""
    return Counter(presence for visit in visits for presence in visit.presences())


def count(shown: Counter[Presence], new: Iterable[Presence]) -> list[Count]:
    """What these logins add: all of them, and of the people those who had not come in that time; in order of spans."""
    logins: Counter[Span] = Counter()
    for presence, times in shown.items():
        logins[presence.span] += times
    people = Counter(presence.span for presence in new)
    return [Count(span, people[span], logins[span]) for span in sorted(logins)]


def is_kept(at: datetime, now: datetime, kept: timedelta) -> bool:
    """Whether a login of then is still kept: one that is older could be told twice without being noticed."""
    return at >= now - kept


def last_month_needed(now: datetime, kept: timedelta) -> date:
    """The first day of presences that a login which is still kept may show again."""
    return (now - kept - LONGEST_MONTH).date()
