"""How many people each pool's line gave seats to, day by day: what an honest expectation rests on."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

COUNT = text("""
    insert into promotions as p (tenant_id, pool_id, day, people)
    select tenant_id, pool_id, day, sum(people)
    from unnest(cast(:tenants as uuid[]), cast(:pools as uuid[]), cast(:days as date[]), cast(:people as int[]))
        as f (tenant_id, pool_id, day, people)
    group by tenant_id, pool_id, day order by pool_id, day
    on conflict (tenant_id, pool_id, day) do update set people = p.people + excluded.people
""")
SINCE = text("""
    select coalesce(sum(people), 0) from promotions where tenant_id = :tenant and pool_id = :pool and day >= :day
""")


async def count_promotions(conn: AsyncConnection, promoted: Mapping[tuple[UUID, UUID, datetime], int]) -> None:
    """Count people promoted, by (tenant, pool, moment)."""
    if promoted:
        arrays = {
            "tenants": [tenant for tenant, _, _ in promoted],
            "pools": [pool for _, pool, _ in promoted],
            "days": [at.astimezone(UTC).date() for _, _, at in promoted],
            "people": list(promoted.values()),
        }
        await conn.execute(COUNT, arrays)


async def promoted_since(conn: AsyncConnection, tenant_id: UUID, pool_id: UUID, day: date) -> int:
    """How many people a pool has promoted since the beginning of a day."""
    return int(await conn.scalar(SINCE, {"tenant": tenant_id, "pool": pool_id, "day": day}) or 0)
