"""Calendars: an organization's breaks, on which nobody is expected; entered, or told by a source (seats: Usage)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias
from uuid import UUID

from usher_identity.domain.versions import raised


@dataclass(frozen=True, slots=True, order=True)
class Break:
    """Days from the first to the last, both included, in the organization's time zone."""

    first: date
    last: date
    name: str


Breaks: TypeAlias = tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """An organization's own calendar. Version 0 is not yet saved."""

    tenant_id: UUID
    org_id: UUID
    entered: Breaks | None = None
    """What an administrator entered; it holds, whatever sources say meanwhile."""
    sourced: Breaks | None = None
    """What its sources' sessions leave over."""
    version: int = 0

    @property
    def breaks(self) -> Breaks | None:
        """The breaks that hold here and below; None where the nearest ancestor's do."""
        return self.sourced if self.entered is None else self.entered


@dataclass(frozen=True, slots=True)
class CalendarInForce:
    """The breaks that hold at an organization, and the organization whose they are; None where nobody set any."""

    breaks: Breaks = ()
    set_at: UUID | None = None
    is_entered: bool = False


def entered(calendar: Calendar, breaks: Iterable[Break] | None) -> Calendar:
    """The calendar as an administrator enters it; None leaves it to the sources, or to the organizations above."""
    return replace(calendar, entered=None if breaks is None else tuple(sorted(set(breaks))))


def in_force(way_up: Iterable[Calendar]) -> CalendarInForce:
    """What holds at the first of these: its own calendar, or that of the nearest organization above that has one."""
    for calendar in way_up:
        if calendar.breaks is not None:
            return CalendarInForce(calendar.breaks, calendar.org_id, calendar.entered is not None)
    return CalendarInForce()


def settled(before: Calendar, after: Calendar, epoch: int = 0) -> Calendar:
    """`after` with the version that it is due: the one before where facts would say the same."""
    if before.breaks == after.breaks:
        return replace(after, version=before.version)
    return replace(after, version=raised(before.version, epoch))
