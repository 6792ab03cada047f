"""Notices before a term's end: which one is due (seats: The life of a license term)."""

from datetime import datetime, timedelta

from usher_entitlements.domain.terms import LicenseTerm

THRESHOLDS = (90, 60, 30, 14, 7, 1)
"""Days before `ends_at` at which the administrators are told."""


def due_notice(term: LicenseTerm, at: datetime, *, told: int | None) -> int | None:
    """The threshold, in days, whose notice is due at `at`, or None. `told` is the last one told for this `ends_at`.

    Of several overdue ones only the latest is due: the others would say what is no longer true.
    """
    if not term.state.counts:
        return None
    passed = [days for days in THRESHOLDS if _told_at(term, days) <= at < term.ends_at]
    latest = min(passed, default=None)
    return latest if latest is not None and (told is None or latest < told) else None


def next_notice_at(term: LicenseTerm, at: datetime) -> datetime | None:
    """When the next threshold after `at` is reached, or None when none is left."""
    ahead = (_told_at(term, days) for days in THRESHOLDS)
    return min((moment for moment in ahead if moment > at), default=None)


def days_left(term: LicenseTerm, at: datetime) -> int:
    """Whole days from `at` to the term's end."""
    return max(0, (term.ends_at - at) // timedelta(days=1))


def _told_at(term: LicenseTerm, days: int) -> datetime:
    return max(term.starts_at, term.ends_at - timedelta(days=days))
