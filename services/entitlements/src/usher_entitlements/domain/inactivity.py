"""Inactivity: when a seat is reclaimed, and when a login gives it back (seats: Usage)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from usher_entitlements.domain.blocks import Lift
from usher_entitlements.domain.seats import Reason, Seat, SeatState

RECLAIM_AFTER = timedelta(hours=1)
"""How long after `reclaim_due` a seat is reclaimed: a login or a wish to keep it may be on its way."""

IDLE = ("inactive", "never_used")
"""What leads to a reclaim, and nothing else does."""


@dataclass(frozen=True, slots=True)
class Activity:
    """How the holder of a seat uses it, as usage last told it. `assigned_since` is the holding that was judged."""

    tenant_id: UUID
    user_id: UUID
    product: str
    version: int
    activity: str
    assigned_since: datetime | None
    last_login_at: datetime | None
    reclaim_due: datetime | None
    kept_until: datetime | None


def is_due(seat: Seat, activity: Activity, at: datetime) -> bool:
    """Whether the seat is to be reclaimed at `at`. What was said of an earlier holding reclaims no later one."""
    due = activity.reclaim_due
    if seat.state is not SeatState.ASSIGNED or activity.activity not in IDLE or due is None:
        return False
    # What was said before a seat was restored may be on its way to being corrected: the hour begins anew.
    if max(due, seat.since) + RECLAIM_AFTER > at:
        return False
    if activity.kept_until is not None and activity.kept_until > at:
        return False
    return activity.assigned_since in (None, seat.assigned_since)


def give_back(seat: Seat, before: Activity | None, now: Activity) -> Lift | None:
    """What a login does to a reclaimed seat: one that moves `reclaim_due` past the reclaim gives it back.

    Where it came before the reclaim, and was only told after it, the person is first in line; and so is who had asked
    to keep the seat by then.
    """
    blocked_at = seat.blocked_at
    # Also where a later role gives it back for now: that role may go again.
    if blocked_at is None or seat.blocked_for is not Reason.INACTIVITY or seat.given_back_at is not None:
        return None
    if now.reclaim_due is not None and now.reclaim_due <= blocked_at:
        return None
    login, kept = now.last_login_at, now.kept_until
    if login is not None and _is_later(login, before.last_login_at if before else None):
        return Lift(max(login, blocked_at), Reason.RETURNED, first_in_line=login < blocked_at)
    if kept is not None and kept > blocked_at and _is_later(kept, before.kept_until if before else None):
        return Lift(blocked_at, Reason.RETURNED, first_in_line=True)
    return None


def _is_later(now: datetime, before: datetime | None) -> bool:
    return before is None or before < now
