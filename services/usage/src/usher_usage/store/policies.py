"""Statements on policies: the window of an organization and product, inherited from the nearest ancestor."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Copies may arrive in any order, so that a unit can stand below itself for a moment.
LOAD = text("""
    with recursive up as (
        select o.tenant_id, o.id as org_id, o.id, o.parent_id, 0 as distance
        from organization o where o.id = any(cast(:orgs as uuid[]))
        union all
        select o.tenant_id, up.org_id, o.id, o.parent_id, up.distance + 1
        from up join organization o on o.tenant_id = up.tenant_id and o.id = up.parent_id
    ) cycle id set is_loop using way
    select distinct on (up.org_id, p.product) up.org_id, p.product, p.window_days, p.org_id as set_at
    from up join policy p on p.tenant_id = up.tenant_id and p.org_id = up.id
    order by up.org_id, p.product, up.distance
""")
SAVE = text("""
    insert into policy (tenant_id, org_id, product, window_days) values (:tenant, :org, :product, :days)
    on conflict (tenant_id, org_id, product) do update set window_days = excluded.window_days
""")
REMOVE = text("delete from policy where tenant_id = :tenant and org_id = :org and product = :product")
JUDGE_BELOW = text("""
    with recursive unit as (
        select tenant_id, id from organization where id = any(cast(:orgs as uuid[]))
        union
        select o.tenant_id, o.id from organization o join unit u on o.tenant_id = u.tenant_id and o.parent_id = u.id
    )
    update seat_activity a set next_change_at = :at from unit u, seat s
    where a.tenant_id = u.tenant_id and a.org_id = u.id and s.state = 'assigned'
        and (s.tenant_id, s.user_id, s.product) = (a.tenant_id, a.user_id, a.product)
        and (cast(:product as text) is null or a.product = :product)
""")
JUDGED_BY = text("select id, parent_id, time_zone from organization where id = any(cast(:orgs as uuid[]))")
PRODUCTS = text("select distinct product from seat where tenant_id = :tenant")


@dataclass(frozen=True, slots=True)
class Policy:
    """The window in force for a product at an organization, and the organization that set it."""

    org_id: UUID
    product: str
    window_days: int
    set_at: UUID


async def load_policies(conn: AsyncConnection, orgs: Iterable[UUID]) -> list[Policy]:
    """What is in force at these organizations, set there or by the nearest ancestor; nothing where none did."""
    rows = await conn.execute(LOAD, {"orgs": sorted(set(orgs))})
    return [Policy(row.org_id, row.product, row.window_days, row.set_at) for row in rows]


async def save_policy(conn: AsyncConnection, tenant_id: UUID, org_id: UUID, product: str, days: int | None) -> None:
    """Set the window of `days` for a product at an organization; None inherits it again."""
    key = {"tenant": tenant_id, "org": org_id, "product": product}
    await (conn.execute(REMOVE, key) if days is None else conn.execute(SAVE, {**key, "days": days}))


async def load_judged_by(conn: AsyncConnection, orgs: Iterable[UUID]) -> dict[UUID, tuple[UUID | None, str]]:
    """What of these organizations seats are judged by: the parent, whose policies count, and the time zone."""
    rows = await conn.execute(JUDGED_BY, {"orgs": list(orgs)})
    return {row.id: (row.parent_id, row.time_zone) for row in rows}


async def judge_below(conn: AsyncConnection, orgs: Iterable[UUID], at: datetime, *, product: str | None = None) -> None:
    """Seats held at these organizations and below are due to be judged: what they are judged by has changed."""
    await conn.execute(JUDGE_BELOW, {"orgs": list(orgs), "product": product, "at": at})


async def products_of(conn: AsyncConnection, tenant_id: UUID) -> list[str]:
    """The products of which the tenant's people ever had a seat."""
    return sorted((await conn.scalars(PRODUCTS, {"tenant": tenant_id})).all())
