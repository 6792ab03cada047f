"""Inactivity: when a seat is reclaimed, and when a login gives it back (seats: Usage)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from usher_entitlements.domain.blocks import Lift
from usher_entitlements.domain.seats import Reason, Seat, SeatState

RECLAIM_AFTER = timedelta(hours=1)
"""How long after `reclaim_due` a seat is reclaimed: a login or a wish to keep it may be on its way."""


@dataclass(frozen=True, slots=True)
class Activity:
    """How the holder of a seat uses it, as usage last told it. `assigned_since` is the holding that was judged."""

    tenant_id: UUID
    user_id: UUID
    product: str
    version: int
    assigned_since: datetime | None
    last_login_at: datetime | None
    reclaim_due: datetime | None
    kept_until: datetime | None


def is_due(seat: Seat, activity: Activity, at: datetime) -> bool:
    """Whether the seat is to be reclaimed at `at`. What was said of an earlier holding reclaims no later one."""
    due = activity.reclaim_due
    if seat.state is not SeatState.ASSIGNED or due is None or due + RECLAIM_AFTER > at:
        return False
    if activity.kept_until is not None and activity.kept_until > at:
        return False
    return activity.assigned_since in (None, seat.assigned_since)


def give_back(seat: Seat, before: Activity | None, now: Activity) -> Lift | None:
    """What a login does to a reclaimed seat: one that moves `reclaim_due` past the reclaim gives it back.

    Where the login came before the reclaim, and was only told after it, the person is first in line.
    """
    login = now.last_login_at
    if not seat.is_reclaimed or seat.blocked_at is None or login is None:
        return None
    known = before.last_login_at if before else None
    is_new = known is None or known < login
    is_past = now.reclaim_due is None or now.reclaim_due > seat.blocked_at
    if not (is_new and is_past):
        return None
    return Lift(max(login, seat.blocked_at), Reason.RETURNED, first_in_line=login < seat.blocked_at)
