"""Settling pools: seats follow a changed license, a step at a time (seats: Capacity)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.licensing import license_pools
from usher_entitlements.domain.pools import Pool, pool_id, tally
from usher_entitlements.domain.seats import Seat, SeatChange, SeatState
from usher_entitlements.domain.settling import opened, seats_to_settle, settle, suspend
from usher_entitlements.domain.shrinking import POLICIES, first_to_go, take
from usher_entitlements.store.activities import load_logins
from usher_entitlements.store.pools import lock_pools
from usher_entitlements.store.seats import load_in_state, load_line
from usher_entitlements.store.settlings import (
    Places,
    Settling,
    load_holders,
    load_settling,
    load_suspended,
    save_settling,
)
from usher_entitlements.store.terms import load_terms_of_units
from usher_entitlements.use_cases.recording import record_pools, record_seats

Pools = Mapping[UUID, Pool]

STEP = 100
"""Seats that one transaction moves, at most: a change that comes meanwhile waits for no more than that."""
ALL = 2**31 - 1
"""More seats than there are."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A pool under its whole license, what is to be done for it, and how many of its seats may be moved now."""

    pool: Pool
    work: Settling
    seats: int

    @property
    def places(self) -> Places:
        return (self.pool.tenant_id, self.pool.id, self.seats)


async def settle_next(conn: AsyncConnection, tenant_id: UUID, pool_ids: Sequence[UUID], at: datetime) -> None:
    """The next step of these pools, whose tenant's configuration is held."""
    before = await lock_pools(conn, [tenant_id], pool_ids)
    work = await load_settling(conn, tenant_id, list(before))
    terms = await load_terms_of_units(conn, tenant_id, [pool.org_id for pool in before.values()])
    own = [term for term in terms if pool_id(term.org_id, term.product) in before]
    after = await step(conn, license_pools(before, own, at), work, at)
    causes = {one.pool_id: one.cause for one in work}
    await record_pools(conn, before, after.values(), at, causes, Cause())


async def step(
    conn: AsyncConnection, pools: Pools, work: Sequence[Settling], at: datetime, *, seats: int = STEP
) -> dict[UUID, Pool]:
    """Move seats of these locked pools, which are under their whole licenses, and note what is left to do.

    What ran out is suspended, what is too much is taken by the license's policy, then each pool opens: who was
    suspended is restored, and who waits is promoted. Answers the pools under their licenses as far as they are opened.
    """
    turns = take_turns(pools, work, seats)
    suspended = await suspend_holders(conn, [turn for turn in turns if not turn.pool.license.state.keeps], at)
    taken = await shrink(conn, [turn for turn in turns if turn.pool.license.state.keeps], at)
    reached = tally(pools, [*suspended, *taken])
    given = await open_pools(conn, reached, turns, at)
    reached = {**reached, **{turn.pool.id: opened(reached[turn.pool.id], turn.seats) for turn in turns}}
    moved = tally(reached, given)
    whole = {key: replace(pool, license=pools[key].license) for key, pool in moved.items()}
    changes = [*suspended, *taken, *given]
    causes = {one.pool_id: one.cause for one in work}
    await record_seats(conn, changes, moved, lambda change: causes[change.seat.pool_id])
    last = {change.seat.pool_id: change.seat.user_id for change in suspended}
    left = [
        replace(one, progress=last.get(one.pool_id, one.progress))
        for one in work
        if seats_to_settle(whole[one.pool_id])
    ]
    unsettled = {one.pool_id for one in left}
    await save_settling(conn, left, [one for one in work if one.pool_id not in unsettled])
    return {key: pool if key in unsettled else whole[key] for key, pool in moved.items()}


def take_turns(pools: Pools, work: Sequence[Settling], seats: int) -> list[Turn]:
    """The pools in turn, as far as `seats` go; those that come too late may move none now."""
    turns: list[Turn] = []
    for one in work:
        own = min(seats, seats_to_settle(pools[one.pool_id]))
        seats -= own
        turns.append(Turn(pools[one.pool_id], one, own))
    return turns


async def suspend_holders(conn: AsyncConnection, turns: Sequence[Turn], at: datetime) -> list[SeatChange]:
    """Suspend seats of pools whose license has run out."""
    own = [turn for turn in turns if turn.seats]
    holders = await load_holders(conn, [turn.places for turn in own], [turn.work.progress for turn in own])
    return [change for turn in own for change in suspend(turn.pool, holders[turn.pool.id], at)]


async def shrink(conn: AsyncConnection, turns: Sequence[Turn], at: datetime) -> list[SeatChange]:
    """Take seats beyond the license from pools whose terms say who gives up theirs."""
    over = {
        turn.pool.id: (turn.pool, turn.pool.license.shrink, min(turn.seats, turn.pool.excess))
        for turn in turns
        if turn.seats and turn.pool.license.shrink in POLICIES and turn.pool.excess
    }
    return await take_excess(conn, over, at)


async def take_excess(
    conn: AsyncConnection, over: Mapping[UUID, tuple[Pool, str, int]], at: datetime
) -> list[SeatChange]:
    """Take so many seats from each of these over-allocated pools, by a policy."""
    if not over:
        return []
    tenants = sorted({pool.tenant_id for pool, _, _ in over.values()})
    holders = await load_in_state(conn, tenants, list(over), SeatState.ASSIGNED)
    logins = await load_logins(conn, tenants, [(s.user_id, s.product) for own in holders.values() for s in own])
    return [
        change
        for key, (pool, policy, seats) in over.items()
        for change in take(pool, first_to_go(policy, holders[key], logins, seats), at)
    ]


async def open_pools(conn: AsyncConnection, pools: Pools, turns: Sequence[Turn], at: datetime) -> list[SeatChange]:
    """Restore who was suspended and promote who waits, as far as each pool is opened and has room."""
    opening = [
        replace(turn, pool=opened(pools[turn.pool.id], turn.seats))
        for turn in turns
        if turn.seats and turn.pool.license.state.counts
    ]
    lost = await load_suspended(conn, [turn.places for turn in opening if turn.pool.suspended])
    line = await load_line(conn, [turn.places for turn in opening if turn.pool.waitlisted])
    return [change for turn in opening for change in settle_turn(turn, pools, lost, line, at)]


def settle_turn(
    turn: Turn, pools: Pools, lost: Mapping[UUID, list[Seat]], line: Mapping[UUID, list[Seat]], at: datetime
) -> Sequence[SeatChange]:
    key = turn.pool.id
    is_whole = turn.pool.license == pools[key].license
    return settle(turn.pool, lost.get(key, ()), line.get(key, ()), turn.work.why, at, is_whole=is_whole)
