"""Pools: all the seats of one product at one organization, and their figures (seats: Words, Capacity)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from usher_entitlements.domain.allocation import Room
from usher_entitlements.domain.license import License
from usher_entitlements.domain.seats import Claim, SeatChange, SeatState


def pool_id(org_id: UUID, product: str) -> UUID:
    """A pool's id: an organization has one pool of a product, so it follows from them."""
    return uuid5(org_id, f"pool/{product}")


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool as its row has it. Its figures are the counts of its seats by state."""

    tenant_id: UUID
    id: UUID
    org_id: UUID
    product: str
    license: License
    as_of: datetime
    assigned: int = 0
    waitlisted: int = 0
    suspended: int = 0
    carried_in: int = 0
    """Assigned seats that ever came along with a unit from another pool: the one way to grow beyond the license."""
    version: int = 0

    @property
    def room(self) -> Room:
        """How many newcomers can be seated, and of those who wait when a seat comes free.

        None while suspended seats are still to be restored, which go before all of them.
        """
        return Room(0) if self.suspended else self.room_in_line

    @property
    def room_in_line(self) -> Room:
        """How many of the whole line can be seated, the suspended among them."""
        return self.room_with(0)

    def room_with(self, more: int) -> Room:
        """The room that there would be with a capacity of so many more seats."""
        given = self.license
        return Room.of(given.capacity + more, self.assigned, extra=given.extra, open_to_new=given.state.counts)

    @property
    def over_allocated(self) -> bool:
        """Whether more seats are held than may be kept; without a limit never (seats: Capacity)."""
        return self.excess > 0

    @property
    def excess(self) -> int:
        """Seats held beyond what may be kept."""
        extra = self.license.extra_with_grace
        return 0 if extra is None else max(0, self.assigned - self.license.capacity_with_grace - extra)

    def moment(self, at: datetime) -> datetime:
        """The time of a decision on this pool: its time never goes back, whatever the replica's clock."""
        return max(at, self.as_of)


def tally(pools: Mapping[UUID, Pool], changes: Iterable[SeatChange]) -> dict[UUID, Pool]:
    """The pools after these changes of seats: every figure follows from the changes, and from nothing else."""
    delta: Counter[tuple[UUID | None, SeatState]] = Counter()
    carried: Counter[UUID] = Counter()
    for changed in changes:
        seat = changed.seat
        delta[changed.from_pool, changed.from_state] -= 1
        delta[seat.pool_id, seat.state] += 1
        if changed.claim is Claim.MOVED and seat.state is SeatState.ASSIGNED:
            carried[seat.pool_id] += 1
    touched = {pool for pool, _ in delta}
    return {
        key: replace(
            pool,
            assigned=pool.assigned + delta[key, SeatState.ASSIGNED],
            waitlisted=pool.waitlisted + delta[key, SeatState.WAITLISTED],
            suspended=pool.suspended + delta[key, SeatState.SUSPENDED],
            carried_in=pool.carried_in + carried[key],
        )
        if key in touched
        else pool
        for key, pool in pools.items()
    }
