"""Which pools have people on their work list, and how many at most: known without counting them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

FORGET_ALL = text("delete from work_list where tenant_id = any(cast(:tenants as uuid[]))")
COUNT_ALL = text("""
    insert into work_list (tenant_id, pool_id, at_most)
    select tenant_id, pool_id, count(*) from reevaluation where tenant_id = any(cast(:tenants as uuid[]))
    group by tenant_id, pool_id
""")
ADD = text("""
    insert into work_list as w (tenant_id, pool_id, at_most)
    select * from unnest(cast(:tenants as uuid[]), cast(:pools as uuid[]), cast(:people as int[]))
    on conflict (tenant_id, pool_id) do update set at_most = w.at_most + excluded.at_most
""")
AT_MOST = text("""
    select pool_id, at_most from work_list
    where tenant_id = any(cast(:tenants as uuid[])) and pool_id = any(cast(:pools as uuid[]))
""")
COUNT = text("""
    select pool_id, count(*) as people from reevaluation
    where tenant_id = any(cast(:tenants as uuid[])) and pool_id = any(cast(:pools as uuid[])) group by pool_id
""")
FORGET = text("delete from work_list where tenant_id = :tenant and pool_id = :pool")
POOLS = text("select tenant_id, pool_id from work_list order by tenant_id, pool_id")


async def count_lists_anew(conn: AsyncConnection, tenants: Sequence[UUID]) -> None:
    """Know the lists of tenants whose configuration changed, under the configuration's lock."""
    await conn.execute(FORGET_ALL, {"tenants": tenants})
    await conn.execute(COUNT_ALL, {"tenants": tenants})


async def lengthen_lists(conn: AsyncConnection, pools: Iterable[tuple[UUID, UUID]]) -> None:
    """Know of one more on the list of each (tenant, pool) as often as it is named; the pools are locked."""
    more = sorted(Counter(pools).items())
    columns = {
        "tenants": [tenant for (tenant, _), _ in more],
        "pools": [pool for (_, pool), _ in more],
        "people": [people for _, people in more],
    }
    await conn.execute(ADD, columns)


async def listed_at_most(conn: AsyncConnection, tenants: Sequence[UUID], pools: Sequence[UUID]) -> dict[UUID, int]:
    """No fewer than are listed for each of these pools; those that have no list are left out."""
    rows = await conn.execute(AT_MOST, {"tenants": tenants, "pools": pools})
    return {row.pool_id: row.at_most for row in rows}


async def count_listed(conn: AsyncConnection, tenants: Sequence[UUID], pools: Sequence[UUID]) -> dict[UUID, int]:
    """How many people are listed for each of these pools; those with none are left out."""
    rows = await conn.execute(COUNT, {"tenants": tenants, "pools": pools})
    return {row.pool_id: row.people for row in rows}


async def forget_list(conn: AsyncConnection, tenant_id: UUID, pool_id: UUID) -> None:
    """A locked pool's list is empty."""
    await conn.execute(FORGET, {"tenant": tenant_id, "pool": pool_id})


async def pools_with_lists(conn: AsyncConnection) -> list[tuple[UUID, UUID]]:
    """(tenant, pool) of every list that there may be, of the transaction's tenants."""
    return [(row.tenant_id, row.pool_id) for row in await conn.execute(POOLS)]
