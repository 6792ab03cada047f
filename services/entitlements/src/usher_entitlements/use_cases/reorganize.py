"""Reorganizing: pools, who serves whom, and seats brought in step with terms and tree that have changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.carrying import carry_over
from usher_entitlements.domain.licensing import ServiceChange, change_service, license_pools
from usher_entitlements.domain.pools import tally
from usher_entitlements.domain.seats import Reason
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.store.configurations import load_rules
from usher_entitlements.store.organizations import load_service, load_tree, save_service
from usher_entitlements.store.pools import lock_all_pools
from usher_entitlements.store.reevaluations import follow_service, list_units
from usher_entitlements.store.seats import load_open_seats_of_units
from usher_entitlements.store.settlings import Settling
from usher_entitlements.use_cases.recording import record_pools, record_seats
from usher_entitlements.use_cases.settle_pools import STEP, Pools, step


async def reorganize(
    conn: AsyncConnection,
    terms: Mapping[UUID, Sequence[LicenseTerm]],
    at: datetime,
    why: Reason,
    cause: Cause,
    *,
    seats: int = STEP,
) -> frozenset[UUID]:
    """Bring everything in step with these tenants' terms, and with their trees, under their configurations' lock.

    Seats are carried over first; then the pools settle: at once where no more than `seats` move, else step by step from
    here on.
    `why` is the reason of promotions. Returns the tenants in which another pool serves somebody, so that people are
    decided anew.
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
    work = [Settling(pools[key].tenant_id, key, why, cause) for key in sorted(pools)]
    pools = await step(conn, pools, work, moment, seats=seats)
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
