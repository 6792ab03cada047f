"""Pools: locked by id, and saved with the figures that follow from the changes of their seats."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.license import License
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.terms import TermState

COLUMNS = """
    p.tenant_id, p.id, p.org_id, p.product, p.license_state, p.capacity, p.capacity_with_grace, p.extra,
    p.extra_with_grace, p.starts_at, p.ends_at, p.usable_until, p.shrink, p.assigned, p.waitlisted, p.suspended,
    p.carried_in, p.as_of, p.version
"""
LOCK = text(f"""
    select {COLUMNS} from pool p
    where p.tenant_id = any(cast(:tenants as uuid[])) and p.id = any(cast(:ids as uuid[])) order by p.id for update
""")
LOCK_ALL = text(f"""
    select {COLUMNS} from pool p where p.tenant_id = any(cast(:tenants as uuid[])) order by p.id for update
""")
FIND = text(f"select {COLUMNS} from pool p where p.id = :id")
PAGE = text(f"""
    select {COLUMNS} from pool p
    where (p.tenant_id, p.id) > (cast(cast(:tenant as text) as uuid), cast(cast(:after as text) as uuid))
    order by p.tenant_id, p.id limit :limit
""")
LATEST = text("select max(as_of) from pool where tenant_id = :tenant")
INSERT = text("""
    insert into pool (tenant_id, id, org_id, product, license_state, capacity, capacity_with_grace, extra,
        extra_with_grace, starts_at, ends_at, usable_until, shrink, assigned, waitlisted, suspended, over_allocated,
        carried_in, as_of, version)
    select tenant_id, id, org_id, product, '', 0, 0, 0, 0, at, at, at, '', 0, 0, 0, false, 0, at, 0
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:orgs as uuid[]), cast(:products as text[]),
        cast(:as_of as timestamptz[])) as fresh (tenant_id, id, org_id, product, at)
""")
UPDATE = text("""
    update pool p
    set (license_state, capacity, capacity_with_grace, extra, extra_with_grace, starts_at, ends_at, usable_until,
         shrink, assigned, waitlisted, suspended, over_allocated, carried_in, as_of, version)
      = (f.license_state, f.capacity, f.capacity_with_grace, f.extra, f.extra_with_grace, f.starts_at, f.ends_at,
         f.usable_until, f.shrink, f.assigned, f.waitlisted, f.suspended, f.over_allocated, f.carried_in, f.as_of,
         f.version)
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:license_states as text[]),
        cast(:capacities as int[]), cast(:capacities_with_grace as int[]), cast(:extras as int[]),
        cast(:extras_with_grace as int[]), cast(:starts as timestamptz[]), cast(:ends as timestamptz[]),
        cast(:usable as timestamptz[]), cast(:shrinks as text[]), cast(:assigned as int[]),
        cast(:waitlisted as int[]), cast(:suspended as int[]),
        cast(:over_allocated as bool[]), cast(:carried_in as int[]), cast(:as_of as timestamptz[]),
        cast(:versions as bigint[]))
        as f (tenant_id, id, license_state, capacity, capacity_with_grace, extra, extra_with_grace, starts_at, ends_at,
              usable_until, shrink, assigned, waitlisted, suspended, over_allocated, carried_in, as_of, version)
    where p.tenant_id = f.tenant_id and p.id = f.id
""")


async def lock_pools(conn: AsyncConnection, tenants: Sequence[UUID], ids: Collection[UUID]) -> dict[UUID, Pool]:
    """These pools, locked by id."""
    rows = await conn.execute(LOCK, {"tenants": tenants, "ids": list(ids)})
    return {row.id: from_row(row) for row in rows}


async def lock_all_pools(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, Pool]:
    """Every pool of these tenants, locked by id."""
    return {row.id: from_row(row) for row in await conn.execute(LOCK_ALL, {"tenants": tenants})}


async def latest_moment(conn: AsyncConnection, tenant_id: UUID) -> datetime | None:
    """The latest moment to which any pool of a tenant has come."""
    found: datetime | None = await conn.scalar(LATEST, {"tenant": tenant_id})
    return found


async def find_pool(conn: AsyncConnection, pool_id: UUID) -> Pool | None:
    """A pool of the transaction's tenants."""
    row = (await conn.execute(FIND, {"id": pool_id})).one_or_none()
    return from_row(row) if row else None


async def page_of_pools(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[Pool]:
    """Pools after a tenant and id, in this order, of all the tenants that the transaction is open for."""
    tenant, id_ = after
    return [from_row(row) for row in await conn.execute(PAGE, {"tenant": tenant, "after": id_, "limit": limit})]


async def save_pools(conn: AsyncConnection, pools: Sequence[Pool], *, new: Collection[UUID] = ()) -> None:
    """Save locked pools, and those of the ids `new` for the first time."""
    # A new pool begins empty, so that the guard on its growth sees every one as a change of an old row.
    if opened := [pool for pool in pools if pool.id in new]:
        columns = to_columns(opened)
        await conn.execute(INSERT, {name: columns[name] for name in ("tenants", "ids", "orgs", "products", "as_of")})
    if pools:
        columns = to_columns(pools)
        del columns["orgs"], columns["products"]
        await conn.execute(UPDATE, columns)


def to_columns(pools: Sequence[Pool]) -> dict[str, list[Any]]:
    """Pools as arrays, one a column."""
    return {
        "tenants": [pool.tenant_id for pool in pools],
        "ids": [pool.id for pool in pools],
        "orgs": [pool.org_id for pool in pools],
        "products": [pool.product for pool in pools],
        "license_states": [str(pool.license.state) for pool in pools],
        "capacities": [pool.license.capacity for pool in pools],
        "capacities_with_grace": [pool.license.capacity_with_grace for pool in pools],
        "extras": [pool.license.extra for pool in pools],
        "extras_with_grace": [pool.license.extra_with_grace for pool in pools],
        "starts": [pool.license.starts_at for pool in pools],
        "ends": [pool.license.ends_at for pool in pools],
        "usable": [pool.license.usable_until for pool in pools],
        "shrinks": [pool.license.shrink for pool in pools],
        "assigned": [pool.assigned for pool in pools],
        "waitlisted": [pool.waitlisted for pool in pools],
        "suspended": [pool.suspended for pool in pools],
        "over_allocated": [pool.over_allocated for pool in pools],
        "carried_in": [pool.carried_in for pool in pools],
        "as_of": [pool.as_of for pool in pools],
        "versions": [pool.version for pool in pools],
    }


def from_row(row: Row[Any]) -> Pool:
    license_ = License(
        TermState(row.license_state),
        row.capacity,
        row.capacity_with_grace,
        row.extra,
        row.extra_with_grace,
        row.starts_at,
        row.ends_at,
        row.usable_until,
        row.shrink,
    )
    return Pool(
        row.tenant_id,
        row.id,
        row.org_id,
        row.product,
        license_,
        row.as_of,
        row.assigned,
        row.waitlisted,
        row.suspended,
        row.carried_in,
        row.version,
    )
