"""Statements on policies, and on the seats that are judged anew where one of them, or a calendar, has changed."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_usage.domain.policies import Policy
from usher_usage.store.locking import Org, org_arrays

SAVE = text("""
    insert into policy (tenant_id, org_id, product, window_days, warn_days, reclaim_days, keep_days)
    values (:tenant, :org, :product, :window, :warn, :reclaim, :keep)
    on conflict (tenant_id, org_id, product) do update
    set (window_days, warn_days, reclaim_days, keep_days)
      = (excluded.window_days, excluded.warn_days, excluded.reclaim_days, excluded.keep_days)
""")
REMOVE = text("delete from policy where tenant_id = :tenant and org_id = :org and product = :product")
JUDGE_BELOW = text("""
    with recursive unit as (
        select asked.tenant as tenant_id, asked.org as id
        from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[])) as asked (tenant, org)
        union
        select o.tenant_id, o.id from organization o join unit u on o.tenant_id = u.tenant_id and o.parent_id = u.id
    )
    update seat_activity set next_change_at = :at
    where (tenant_id, org_id) in (select tenant_id, id from unit)
        and (cast(:product as text) is null or product = :product)
        and (cast(:activities as text[]) is null or activity = any(cast(:activities as text[])))
""")
PRODUCTS = text("select distinct product from seat where tenant_id = :tenant")


async def save_policy(
    conn: AsyncConnection, tenant_id: UUID, org_id: UUID, product: str, policy: Policy | None
) -> None:
    """Set the policy of a product at an organization; None inherits it again."""
    key = {"tenant": tenant_id, "org": org_id, "product": product}
    if policy is None:
        await conn.execute(REMOVE, key)
    else:
        days = {"window": policy.window_days, "warn": policy.warn_days, "reclaim": policy.reclaim_days}
        await conn.execute(SAVE, {**key, **days, "keep": policy.keep_days})


async def judge_below(
    conn: AsyncConnection,
    orgs: Iterable[Org],
    at: datetime,
    *,
    product: str | None = None,
    activities: Iterable[str] | None = None,
) -> None:
    """Seats at these organizations and below are due to be judged; of a product or some activities, if given."""
    listed = None if activities is None else sorted(activities)
    await conn.execute(JUDGE_BELOW, {**org_arrays(orgs), "product": product, "activities": listed, "at": at})


async def products_of(conn: AsyncConnection, tenant_id: UUID) -> list[str]:
    """The products of which the tenant's people ever had a seat."""
    return sorted((await conn.scalars(PRODUCTS, {"tenant": tenant_id})).all())
