"""When each tenant's terms are to be looked at for notices: beside the configuration, so that no decision waits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LOOK = text("""
    insert into notice_clock as c (tenant_id, due_at) select unnest(cast(:tenants as uuid[])), :at
    on conflict (tenant_id) do update set due_at = least(c.due_at, excluded.due_at)
""")
DUE = text("select tenant_id from notice_clock where due_at <= :at order by due_at limit :most")
TAKE = text("""
    delete from notice_clock where tenant_id = any(cast(:tenants as uuid[])) and due_at <= :at returning tenant_id
""")
SET = text("""
    insert into notice_clock as c (tenant_id, due_at)
    select * from unnest(cast(:tenants as uuid[]), cast(:due as timestamptz[]))
    on conflict (tenant_id) do update set due_at = least(c.due_at, excluded.due_at)
""")


async def look_at_notices(conn: AsyncConnection, tenants: Sequence[UUID], at: datetime) -> None:
    """Let these tenants' terms be looked at from `at` on."""
    await conn.execute(LOOK, {"tenants": sorted(tenants), "at": at})


async def find_tenants_with_notices(conn: AsyncConnection, at: datetime, most: int) -> list[UUID]:
    """Tenants, of the transaction's, in which a notice may be due; the longest overdue first."""
    return list(await conn.scalars(DUE, {"at": at, "most": most}))


async def take_clocks(conn: AsyncConnection, tenants: Sequence[UUID], at: datetime) -> list[UUID]:
    """Take these tenants' clocks that are due; another worker who comes meanwhile waits, and finds them set anew."""
    return list(await conn.scalars(TAKE, {"tenants": list(tenants), "at": at}))


async def set_clocks(conn: AsyncConnection, due: Mapping[UUID, datetime]) -> None:
    """Set when these tenants' terms are to be looked at next."""
    if due:
        tenants = sorted(due)
        await conn.execute(SET, {"tenants": tenants, "due": [due[tenant] for tenant in tenants]})
