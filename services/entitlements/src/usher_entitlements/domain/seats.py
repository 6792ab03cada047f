"""Seats: the states of a (person, product) pair, and the claim that each change of it is (seats: Seat states)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from usher_entitlements.domain.allocation import Want


class SeatState(StrEnum):
    """`none` is a pair that never had a seat: it has no row."""

    NONE = "none"
    WAITLISTED = "waitlisted"
    ASSIGNED = "assigned"
    SUSPENDED = "suspended"
    WITHHELD = "withheld"
    RELEASED = "released"

    @property
    def is_open(self) -> bool:
        return self in (SeatState.WAITLISTED, SeatState.ASSIGNED, SeatState.SUSPENDED)


class Reason(StrEnum):
    """Why a seat changed."""

    ROLE_GRANTED = "role_granted"
    ROLE_REVOKED = "role_revoked"
    USER_ACTIVATED = "user_activated"
    USER_SUSPENDED = "user_suspended"
    USER_ARCHIVED = "user_archived"
    USER_DELETED = "user_deleted"
    USER_TRANSFERRED = "user_transferred"
    SEAT_FREED = "seat_freed"
    CAPACITY_RAISED = "capacity_raised"
    CAPACITY_LOWERED = "capacity_lowered"
    LICENSE_STARTED = "license_started"
    LICENSE_EXPIRED = "license_expired"
    LICENSE_RENEWED = "license_renewed"
    RULE_CHANGED = "rule_changed"
    POOL_CHANGED = "pool_changed"
    INACTIVITY = "inactivity"
    RETURNED = "returned"
    MANUAL = "manual"


class Claim(StrEnum):
    """What a version of a seat is in the license history."""

    ASSIGNED = "assigned"
    WAITLISTED = "waitlisted"
    PROMOTED = "promoted"
    SUSPENDED = "suspended"
    RESTORED = "restored"
    WITHHELD = "withheld"
    MOVED = "moved"
    RELEASED = "released"


_SEATED_FROM: Mapping[SeatState, Claim] = {
    SeatState.WAITLISTED: Claim.PROMOTED,
    SeatState.SUSPENDED: Claim.RESTORED,
}


@dataclass(frozen=True, slots=True)
class Seat:
    """A pair's one row. Organization, place and role may change without a new version: that is no claim."""

    tenant_id: UUID
    user_id: UUID
    product: str
    org_id: UUID
    """The person's organization; the pool's may be an ancestor's."""
    pool_id: UUID
    state: SeatState
    reason: Reason
    since: datetime
    assigned_since: datetime | None
    wanted_since: datetime
    priority: int = 0
    first_in_line: bool = False
    role: str | None = None
    """The earliest role that calls for the product."""
    version: int = 0
    line_order: int | None = None
    """The place in line that an administrator gave by hand, while the person waits for this pool."""
    blocked_at: datetime | None = None
    """When the seat was last withheld by an administrator, or reclaimed; None is never."""
    lifted_at: datetime | None = None
    """When that block was lifted, as last judged (`blocks.judge`): nobody wants the seat since earlier."""
    given_back_at: datetime | None = None
    """When an act or a login lifted the block, whatever roles do."""
    blocked_for: Reason | None = None
    """By what it was blocked: `manual` or `inactivity`."""

    @property
    def want(self) -> Want:
        """The place of an open seat: the holding's for a suspended one, else the person's own."""
        if self.state is SeatState.SUSPENDED and self.assigned_since is not None:
            return Want(self.user_id, self.assigned_since, restored=True)
        return Want(self.user_id, self.wanted_since, self.priority, self.first_in_line, order=self.line_order)

    @property
    def blocked_since(self) -> datetime | None:
        """Since when a block keeps the person from the seat; None where none does now."""
        return self.blocked_at if self.lifted_at is None else None

    def placed(self, want: Want, role: str, org_id: UUID) -> "Seat":
        """The seat at the place that the person claims now, by `role`, from `org_id`; itself if that is as it is."""
        if (self.wanted_since, self.priority, self.role, self.org_id) == (want.since, want.priority, role, org_id):
            return self
        return replace(self, wanted_since=want.since, priority=want.priority, role=role, org_id=org_id)


@dataclass(frozen=True, slots=True)
class SeatChange:
    """One version of a seat, with the state, pool and version that it came from."""

    seat: Seat
    from_state: SeatState
    from_pool: UUID | None
    from_version: int

    @property
    def claim(self) -> Claim:
        state = self.seat.state
        if state is self.from_state and state.is_open:
            return Claim.MOVED
        if state is SeatState.ASSIGNED:
            return _SEATED_FROM.get(self.from_state, Claim.ASSIGNED)
        return Claim(state)


def change(seat: Seat, state: SeatState, reason: Reason, at: datetime) -> SeatChange:
    """The next version of `seat`, in `state` since `at` (or since its last change, if clocks differ by that much)."""
    since = max(at, seat.since)
    changed = replace(
        seat,
        state=state,
        reason=reason,
        since=since,
        assigned_since=_assigned_since(state, seat.assigned_since, since),
        # Who lost a seat to the end of the license, and finds no room after the renewal, is first in line.
        first_in_line=state is SeatState.WAITLISTED and (seat.first_in_line or seat.state is SeatState.SUSPENDED),
        line_order=None,
        version=seat.version + 1,
    )
    return SeatChange(changed, seat.state, seat.pool_id, seat.version)


def unseated(tenant_id: UUID, org_id: UUID, product: str, pool_id: UUID, want: Want, role: str, at: datetime) -> Seat:
    """The pair before its first version: state none, wanted from `pool_id` at the place of `want`, by `role`."""
    return Seat(
        tenant_id,
        want.user_id,
        product,
        org_id,
        pool_id,
        SeatState.NONE,
        Reason.ROLE_GRANTED,
        since=at,
        assigned_since=None,
        wanted_since=want.since,
        priority=want.priority,
        role=role,
    )


def _assigned_since(state: SeatState, holding: datetime | None, since: datetime) -> datetime | None:
    if state is SeatState.ASSIGNED:
        return holding or since
    return holding if state is SeatState.SUSPENDED else None
