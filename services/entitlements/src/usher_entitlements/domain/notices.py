"""Notices before a term's end: which one is due (seats: The life of a license term)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.domain.tree import Parents, ancestors

THRESHOLDS: Sequence[int] = (90, 60, 30, 14, 7, 1)
"""Days before `ends_at` at which the administrators are told, where nothing else is set."""
ALL_PRODUCTS = ""
"""Stands for all products of an organization in what it has set."""


@dataclass(frozen=True, slots=True)
class NoticeSetting:
    """The days that an organization has set, at a version."""

    days: Sequence[int]
    version: int


NoticeSettings = Mapping[tuple[UUID, str], NoticeSetting]
"""What was set, by (organization, product or ALL_PRODUCTS)."""


@dataclass(frozen=True, slots=True)
class NoticeDays:
    """The days in force, and the (organization, product) that has set them; None is the default."""

    days: Sequence[int]
    set_by: tuple[UUID, str] | None


def notice_days(org_id: UUID, product: str, parents: Parents, settings: NoticeSettings) -> NoticeDays:
    """The days in force: those of the nearest organization that has set any, for the product before for all."""
    for unit in ancestors(org_id, parents):
        for key in ((unit, product), (unit, ALL_PRODUCTS)):
            if key in settings:
                return NoticeDays(settings[key].days, key)
    return NoticeDays(THRESHOLDS, None)


def due_notice(term: LicenseTerm, at: datetime, days: Sequence[int], *, told: int | None) -> int | None:
    """The threshold, of `days` before the end, whose notice is due at `at`, or None.

    `told` is the last one told for this `ends_at`.

    Of several overdue ones only the latest is due: the others would say what is no longer true.
    """
    if not term.state.counts:
        return None
    passed = [threshold for threshold in days if _told_at(term, threshold) <= at < term.ends_at]
    latest = min(passed, default=None)
    return latest if latest is not None and (told is None or latest < told) else None


def next_notice_at(term: LicenseTerm, at: datetime, days: Sequence[int]) -> datetime | None:
    """When the next threshold after `at` is reached, or None when none is left."""
    ahead = (_told_at(term, threshold) for threshold in days)
    return min((moment for moment in ahead if moment > at), default=None)


def days_left(term: LicenseTerm, at: datetime) -> int:
    """Whole days from `at` to the term's end."""
    return max(0, (term.ends_at - at) // timedelta(days=1))


def _told_at(term: LicenseTerm, days: int) -> datetime:
    return max(term.starts_at, term.ends_at - timedelta(days=days))
