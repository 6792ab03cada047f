"""The line of a pool as an administrator orders it and sees it, page by page."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

UNORDER = text("""
    update seat set line_order = null
    where tenant_id = :tenant and pool_id = :pool and state = 'waitlisted' and line_order is not null
""")
ORDER = text("""
    update seat s set line_order = f.place
    from unnest(cast(:users as uuid[])) with ordinality as f (user_id, place)
    where s.tenant_id = :tenant and s.user_id = f.user_id and s.pool_id = :pool and s.state = 'waitlisted'
    returning s.user_id
""")
ORDERED = text("""
    select user_id from seat
    where tenant_id = :tenant and pool_id = :pool and state = 'waitlisted' and line_order is not null
    order by line_order
""")
PAGE = text("""
    select user_id, product, org_id, wanted_since, priority, first_in_line, line_order, role, version
    from seat where tenant_id = :tenant and pool_id = :pool and state = 'waitlisted'
    order by line_order, first_in_line desc, priority, wanted_since, user_id offset :passed limit :limit
""")


async def order_line(conn: AsyncConnection, tenant_id: UUID, pool_id: UUID, users: Sequence[UUID]) -> set[UUID]:
    """Put these people at the head of a locked pool's line, in this order. Answers those of them who wait there."""
    where = {"tenant": tenant_id, "pool": pool_id}
    await conn.execute(UNORDER, where)
    return set(await conn.scalars(ORDER, where | {"users": list(users)}))


async def ordered_people(conn: AsyncConnection, tenant_id: UUID, pool_id: UUID) -> list[UUID]:
    """Who has a place that an administrator gave, in order."""
    return list(await conn.scalars(ORDERED, {"tenant": tenant_id, "pool": pool_id}))


async def list_line_of_pool(
    conn: AsyncConnection, tenant_id: UUID, pool_id: UUID, passed: int, limit: int
) -> Sequence[Row[Any]]:
    """Who waits for a pool in order of place, after the first `passed`."""
    values = {"tenant": tenant_id, "pool": pool_id, "passed": passed, "limit": limit}
    return (await conn.execute(PAGE, values)).all()
