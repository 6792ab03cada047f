"""Settling: what a changed license does to holders, to the suspended and to those who wait (seats: Capacity).

A large pool settles in steps, each a transaction of its own, so that nobody waits long for its lock. It gives no more
at any moment than its license as far as it is opened, and nobody waits while there is room.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from usher_entitlements.domain.allocation import allocate
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Reason, Seat, SeatChange, SeatState, change
from usher_entitlements.domain.shrinking import POLICIES


def seats_to_settle(pool: Pool) -> int:
    """How many seats the license of `pool` moves, at most: 0 once everything is as it should be."""
    if not pool.license.state.keeps:
        return pool.assigned
    taken = pool.excess if pool.license.shrink in POLICIES else 0
    if not pool.license.state.counts:
        return taken
    return taken + pool.suspended + pool.room_in_line.at_most(pool.waitlisted)


def opened(pool: Pool, step: int) -> Pool:
    """The pool under its license as far as `step` seats open it: wholly, where there is no more to give than that."""
    given = pool.license
    if not given.state.counts or pool.room_in_line.at_most(pool.suspended + pool.waitlisted) <= step:
        return pool
    capacity = min(given.capacity, pool.assigned + step)
    return replace(pool, license=replace(given, capacity=capacity, extra=pool.assigned + step - capacity))


def suspend(pool: Pool, holders: Iterable[Seat], at: datetime) -> Sequence[SeatChange]:
    """Suspend the holders once no term counts and none is in grace; until then they keep their seats."""
    if pool.license.state.keeps:
        return []
    moment = pool.moment(at)
    return [change(seat, SeatState.SUSPENDED, Reason.LICENSE_EXPIRED, moment) for seat in holders]


def settle(
    pool: Pool, suspended: Iterable[Seat], waiting: Iterable[Seat], why: Reason, at: datetime, *, is_whole: bool = True
) -> Sequence[SeatChange]:
    """Give the room of `pool`: restore who was suspended, in order of first assignment, then promote who waits.

    `suspended` and `waiting` are at least as many of the pool's first in line as there is room. Whoever was suspended
    and finds no room waits, first in line; not yet where the pool is opened in part (`is_whole` false). Nothing
    happens while no term counts.
    """
    if not pool.license.state.counts:
        return []
    lost = {seat.user_id: seat for seat in suspended}
    line = {seat.user_id: seat for seat in waiting} | lost
    allocation = allocate(pool.room_in_line, [seat.want for seat in line.values()])
    moment = pool.moment(at)
    back = Reason.LICENSE_RENEWED
    seated = [
        change(line[place.user_id], SeatState.ASSIGNED, back if place.restored else why, moment)
        for place in allocation.seated
    ]
    if not is_whole:
        return seated
    out = [change(lost[p.user_id], SeatState.WAITLISTED, back, moment) for p in allocation.waiting if p.restored]
    return [*seated, *out]
