"""Settling: what a changed license does to holders, to the suspended and to those who wait (seats: Capacity)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from usher_entitlements.domain.allocation import allocate
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Reason, Seat, SeatChange, SeatState, change


def suspend(pool: Pool, holders: Iterable[Seat], at: datetime) -> Sequence[SeatChange]:
    """Suspend the holders once no term counts and none is in grace; until then they keep their seats."""
    if pool.license.state.keeps:
        return []
    moment = pool.moment(at)
    return [change(seat, SeatState.SUSPENDED, Reason.LICENSE_EXPIRED, moment) for seat in holders]


def settle(
    pool: Pool, suspended: Iterable[Seat], waiting: Iterable[Seat], why: Reason, at: datetime
) -> Sequence[SeatChange]:
    """Give the room of `pool`: restore who was suspended, in order of first assignment, then promote who waits.

    `suspended` are all of the pool's; `waiting` at least as many of its first in line as there is room. Whoever was
    suspended and finds no room waits, first in line. Nothing happens while no term counts.
    """
    if not pool.license.state.counts:
        return []
    lost = {seat.user_id: seat for seat in suspended}
    line = {seat.user_id: seat for seat in waiting} | lost
    allocation = allocate(pool.room, [seat.want for seat in line.values()])
    moment = pool.moment(at)
    back = Reason.LICENSE_RENEWED
    seated = [
        change(line[place.user_id], SeatState.ASSIGNED, back if place.restored else why, moment)
        for place in allocation.seated
    ]
    out = [change(lost[p.user_id], SeatState.WAITLISTED, back, moment) for p in allocation.waiting if p.restored]
    return [*seated, *out]
