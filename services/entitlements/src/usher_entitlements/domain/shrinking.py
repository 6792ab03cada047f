"""Shrinking: who gives up a seat of an over-allocated pool, under each policy (seats: Capacity)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Reason, Seat, SeatChange, SeatState, change

LEAST_RECENTLY_ACTIVE = "least_recently_active"
LAST_ASSIGNED = "last_assigned"
POLICIES = (LEAST_RECENTLY_ACTIVE, LAST_ASSIGNED)

Logins = Mapping[tuple[UUID, str], datetime | None]
"""By person and product, the last login that is known."""


def first_to_go(policy: str, holders: Iterable[Seat], logins: Logins, seats: int) -> Sequence[Seat]:
    """The `seats` holders who would give up theirs under a policy, the first to go first.

    `last_assigned` takes from who came last. `least_recently_active` takes from who has not logged in the longest,
    who never did before all others; of these, from who came last.
    """
    latest_first = sorted(holders, key=lambda seat: (seat.assigned_since or seat.since, seat.user_id), reverse=True)
    if policy == LEAST_RECENTLY_ACTIVE:
        latest_first.sort(key=lambda seat: _login(logins.get((seat.user_id, seat.product))))
    return latest_first[:seats]


def take(pool: Pool, going: Iterable[Seat], at: datetime) -> Sequence[SeatChange]:
    """Take these seats: their holders wait from now on, each at their place."""
    moment = pool.moment(at)
    return [change(seat, SeatState.WAITLISTED, Reason.CAPACITY_LOWERED, moment) for seat in going]


def _login(at: datetime | None) -> tuple[bool, float]:
    return (at is not None, at.timestamp() if at else 0.0)
