"""What organizations have set for the notices of their license terms."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.notices import NoticeSetting

LOAD = text("""
    select org_id, product, notice_days, version from setting where tenant_id = any(cast(:tenants as uuid[]))
""")
SAVE = text("""
    insert into setting as s (tenant_id, org_id, product, notice_days, version)
    values (:tenant, :org, :product, cast(:days as int[]), 1)
    on conflict (tenant_id, org_id, product) do update set notice_days = excluded.notice_days, version = s.version + 1
""")
REMOVE = text("delete from setting where tenant_id = :tenant and org_id = :org and product = :product")


async def load_notice_settings(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[tuple[UUID, str], NoticeSetting]:
    """What was set, by (organization, product); the product is empty where it was set for all of them."""
    rows = await conn.execute(LOAD, {"tenants": list(tenants)})
    return {(row.org_id, row.product): NoticeSetting(tuple(row.notice_days), row.version) for row in rows}


async def save_notice_days(
    conn: AsyncConnection, tenant_id: UUID, org_id: UUID, product: str, days: Sequence[int] | None
) -> None:
    """Set the days for an organization and product (empty: all); None inherits them again."""
    where = {"tenant": tenant_id, "org": org_id, "product": product}
    if days is None:
        await conn.execute(REMOVE, where)
    else:
        await conn.execute(SAVE, where | {"days": list(days)})
