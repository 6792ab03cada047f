"""Statements on what organizations have set for the guard on mass loss."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LOAD = text("select org_id, loss_share_percent from setting where tenant_id = any(cast(:tenants as uuid[]))")
SAVE = text("""
    insert into setting (tenant_id, org_id, loss_share_percent) values (:tenant, :org, :percent)
    on conflict (tenant_id, org_id) do update set loss_share_percent = excluded.loss_share_percent
""")
REMOVE = text("delete from setting where tenant_id = :tenant and org_id = :org")


async def load_shares(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, int]:
    """The shares in percent that organizations of these tenants have set."""
    return {row.org_id: row.loss_share_percent for row in await conn.execute(LOAD, {"tenants": tenants})}


async def save_share(conn: AsyncConnection, tenant_id: UUID, org_id: UUID, percent: int | None) -> None:
    """Set the share of an organization; None inherits it again."""
    if percent is None:
        await conn.execute(REMOVE, {"tenant": tenant_id, "org": org_id})
    else:
        await conn.execute(SAVE, {"tenant": tenant_id, "org": org_id, "percent": percent})
