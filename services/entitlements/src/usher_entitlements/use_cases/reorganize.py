"""Reorganizing: pools, who serves whom, and seats brought in step with terms and tree that have changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.carrying import carry_over
from usher_entitlements.domain.licensing import ServiceChange, change_service, license_pools
from usher_entitlements.domain.pools import Pool, tally
from usher_entitlements.domain.seats import Reason, SeatState
from usher_entitlements.domain.settling import settle, suspend
from usher_entitlements.domain.shrinking import POLICIES, first_to_go, take
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.store.activities import load_logins
from usher_entitlements.store.configurations import load_rules
from usher_entitlements.store.organizations import load_service, load_tree, save_service
from usher_entitlements.store.pools import lock_all_pools
from usher_entitlements.store.reevaluations import follow_service, list_units
from usher_entitlements.store.seats import load_in_state, load_line, load_open_seats_of_units
from usher_entitlements.use_cases.recording import CauseOf, record_pools, record_seats

Pools = Mapping[UUID, Pool]


async def reorganize(
    conn: AsyncConnection, terms: Mapping[UUID, Sequence[LicenseTerm]], at: datetime, why: Reason, cause: Cause
) -> frozenset[UUID]:
    """Bring everything in step with these tenants' terms, and with their trees, under their configurations' lock.

    Seats are carried over first; then what ran out is suspended; then each pool opens to those who wait. `why` is the
    reason of promotions. Returns the tenants in which another pool serves somebody, so that people are decided anew.
    """
    tenants = sorted(terms)
    tree = await load_tree(conn, tenants)
    before = await lock_all_pools(conn, tenants)
    moment = max([at, *(pool.as_of for pool in before.values())])
    pools: Pools = license_pools(before, [term for own in terms.values() for term in own], moment)
    change = change_service(tree.parents, pools.values(), await load_service(conn, tenants))
    if change.now:
        units = [(tree.tenants[org], (org, product), key) for (org, product), key in change.now.items()]
        await save_service(conn, units)
        pools = await carry(conn, tenants, pools, change, moment, cause)
        opened = why if why is Reason.LICENSE_STARTED else Reason.POOL_CHANGED
        await list_units(conn, await load_rules(conn, tenants), sorted(change.opened), opened, cause)
    pools = await suspend_holders(conn, tenants, pools, moment, cause)
    pools = await shrink(conn, tenants, pools, moment, cause)
    pools = await open_to_those_who_wait(conn, tenants, pools, moment, why, cause)
    await record_pools(conn, before, pools.values(), moment, {}, cause)
    return frozenset(tree.tenants[org] for org, _ in change.now)


async def carry(
    conn: AsyncConnection, tenants: Sequence[UUID], pools: Pools, change: ServiceChange, at: datetime, cause: Cause
) -> Pools:
    """Carry the seats, and the places on the work list, of units that another pool serves now."""
    seats = await load_open_seats_of_units(conn, tenants, sorted(change.carried))
    serves = {unit: key for unit, key in change.now.items() if key is not None}
    changes = carry_over(seats, serves, at)
    pools = tally(pools, changes)
    await record_seats(conn, changes, pools, lambda _: cause)
    await follow_service(conn, tenants)
    return pools


async def suspend_holders(
    conn: AsyncConnection, tenants: Sequence[UUID], pools: Pools, at: datetime, cause: Cause
) -> Pools:
    """Suspend the seats of pools whose license has run out."""
    run_out = [key for key, pool in pools.items() if pool.assigned and not pool.license.state.keeps]
    holders = await load_in_state(conn, tenants, run_out, SeatState.ASSIGNED)
    changes = [change for key, seats in holders.items() for change in suspend(pools[key], seats, at)]
    pools = tally(pools, changes)
    await record_seats(conn, changes, pools, lambda _: cause)
    return pools


async def shrink(conn: AsyncConnection, tenants: Sequence[UUID], pools: Pools, at: datetime, cause: Cause) -> Pools:
    """Take the seats beyond the license from pools whose terms say who gives up theirs."""
    policies = {key: pool.license.shrink for key, pool in pools.items() if pool.license.shrink in POLICIES}
    return await take_excess(conn, tenants, pools, policies, lambda _: cause, at)


async def take_excess(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    pools: Pools,
    policies: Mapping[UUID, str],
    cause_of: CauseOf,
    at: datetime,
    note: str | None = None,
) -> Pools:
    """Take the seats beyond the license of over-allocated pools, by the policy given for each."""
    over = [key for key in policies if pools[key].over_allocated]
    if not over:
        return pools
    holders = await load_in_state(conn, tenants, over, SeatState.ASSIGNED)
    logins = await load_logins(conn, tenants, [(seat.user_id, seat.product) for key in over for seat in holders[key]])
    changes = [
        change
        for key in over
        for change in take(pools[key], first_to_go(policies[key], holders[key], logins, pools[key].excess), at)
    ]
    pools = tally(pools, changes)
    await record_seats(
        conn, changes, pools, cause_of, {change.seat.user_id: note for change in changes} if note else {}
    )
    return pools


async def open_to_those_who_wait(
    conn: AsyncConnection, tenants: Sequence[UUID], pools: Pools, at: datetime, why: Reason, cause: Cause
) -> Pools:
    """Restore who was suspended and promote who waits, as far as each pool has room."""
    counting = [pool for pool in pools.values() if pool.license.state.counts]
    lost = await load_in_state(conn, tenants, [pool.id for pool in counting if pool.suspended], SeatState.SUSPENDED)
    places = [(p.tenant_id, p.id, p.room.free) for p in counting if p.waitlisted and not p.room.is_none]
    line = await load_line(conn, places)
    changes = [
        change
        for key in lost.keys() | line.keys()
        for change in settle(pools[key], lost.get(key, ()), line.get(key, ()), why, at)
    ]
    pools = tally(pools, changes)
    await record_seats(conn, changes, pools, lambda _: cause)
    return pools
