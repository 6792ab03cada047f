"""The tree of organizations, and the table that says which pool serves each of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

PARENTS = text("select id, tenant_id, parent_id from organization where tenant_id = any(cast(:tenants as uuid[]))")
PARENTS_OF = text("""
    select id, parent_id from organization
    where tenant_id = any(cast(:tenants as uuid[])) and id = any(cast(:ids as uuid[]))
""")
SERVED = text("""
    select o.id, s.product, s.pool_id from organization o
    left join pool_service s on s.tenant_id = o.tenant_id and s.org_id = o.id
    where o.tenant_id = any(cast(:tenants as uuid[])) and o.id = any(cast(:orgs as uuid[]))
""")
CONCERNED = text(f"""
    {SERVED.text}
    union all
    select null, null, pool_id from (
        select distinct s.pool_id
        from unnest(cast(:own_tenants as uuid[]), cast(:users as uuid[])) as named (tenant_id, user_id)
        join seat s on s.tenant_id = named.tenant_id and s.user_id = named.user_id
        where s.state in ('waitlisted', 'assigned', 'suspended', 'withheld')) held
""")
SERVICE = text("""
    select tenant_id, org_id, product, pool_id from pool_service where tenant_id = any(cast(:tenants as uuid[]))
""")
SAVE_SERVICE = text("""
    insert into pool_service as s (tenant_id, org_id, product, pool_id)
    select * from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:products as text[]),
                         cast(:pools as uuid[]))
    on conflict (tenant_id, org_id, product) do update set pool_id = excluded.pool_id
""")
REMOVE_SERVICE = text("""
    delete from pool_service s
    using unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:products as text[]))
        as gone (tenant_id, org_id, product)
    where s.tenant_id = gone.tenant_id and s.org_id = gone.org_id and s.product = gone.product
""")

Unit = tuple[UUID, str]
"""An organization and a product."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The organizations of some tenants: the parent of each, and the tenant of each."""

    parents: dict[UUID, UUID | None]
    tenants: dict[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Served:
    """What serves the organizations that a batch names, and which of them are known at all."""

    known: frozenset[UUID]
    pools: dict[Unit, UUID]


async def load_tree(conn: AsyncConnection, tenants: Sequence[UUID]) -> Tree:
    rows = (await conn.execute(PARENTS, {"tenants": tenants})).all()
    return Tree({row.id: row.parent_id for row in rows}, {row.id: row.tenant_id for row in rows})


async def load_parents(conn: AsyncConnection, tenants: Sequence[UUID], ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """The parent of each of these organizations that is known."""
    rows = await conn.execute(PARENTS_OF, {"tenants": tenants, "ids": ids})
    return {row.id: row.parent_id for row in rows}


async def load_served(conn: AsyncConnection, tenants: Sequence[UUID], orgs: Sequence[UUID]) -> Served:
    """Which pools serve these organizations; holds still while the configuration is locked."""
    return to_served((await conn.execute(SERVED, {"tenants": tenants, "orgs": orgs})).all())


async def load_concerned(
    conn: AsyncConnection, tenants: Sequence[UUID], orgs: Sequence[UUID], users: Mapping[UUID, UUID]
) -> tuple[Served, set[UUID]]:
    """Which pools serve these organizations, and those besides in which people (ids with their tenants) have seats.

    Where they have seats is not locked, so that it may change.
    """
    values = {"tenants": tenants, "orgs": orgs, "own_tenants": list(users.values()), "users": list(users)}
    rows = (await conn.execute(CONCERNED, values)).all()
    concerned = {row.pool_id for row in rows if row.pool_id is not None}
    return to_served([row for row in rows if row.id is not None]), concerned


def to_served(rows: Sequence[Row[Any]]) -> Served:
    pools = {(row.id, row.product): row.pool_id for row in rows if row.pool_id is not None}
    return Served(frozenset(row.id for row in rows), pools)


async def load_service(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[Unit, UUID]:
    """Which pool serves every organization of these tenants."""
    rows = await conn.execute(SERVICE, {"tenants": tenants})
    return {(row.org_id, row.product): row.pool_id for row in rows}


async def save_service(conn: AsyncConnection, units: Iterable[tuple[UUID, Unit, UUID | None]]) -> None:
    """Save which pool serves each (tenant, unit) now; None is no pool any more."""
    columns: dict[bool, list[tuple[UUID, UUID, str, UUID | None]]] = defaultdict(list)
    for tenant_id, (org_id, product), pool_id in units:
        columns[pool_id is not None].append((tenant_id, org_id, product, pool_id))
    for is_served, statement in ((True, SAVE_SERVICE), (False, REMOVE_SERVICE)):
        if rows := columns[is_served]:
            tenants, orgs, products, pools = zip(*rows, strict=True)
            arrays = {"tenants": list(tenants), "orgs": list(orgs), "products": list(products)}
            await conn.execute(statement, arrays | ({"pools": list(pools)} if is_served else {}))
