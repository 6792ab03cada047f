"""Carrying over: what another pool that comes to serve a unit does to the unit's seats (seats: Capacity)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from usher_entitlements.domain.seats import Reason, Seat, SeatChange, SeatState, change

Service = Mapping[tuple[UUID, str], UUID]


def carry_over(seats: Iterable[Seat], serves: Service, at: datetime) -> Sequence[SeatChange]:
    """Take open seats to the pool that serves their people's organizations now.

    A seat keeps its state, also beyond the new pool's capacity: nobody loses a seat by a move. Where no pool serves
    the organization any more, its people no longer want the product.
    """
    changes: list[SeatChange] = []
    for seat in seats:
        pool_id = serves.get((seat.org_id, seat.product))
        if pool_id is None:
            changes.append(change(seat, SeatState.RELEASED, Reason.POOL_CHANGED, at))
        elif pool_id != seat.pool_id:
            moved = change(seat, seat.state, Reason.POOL_CHANGED, at)
            changes.append(replace(moved, seat=replace(moved.seat, pool_id=pool_id)))
    return changes
