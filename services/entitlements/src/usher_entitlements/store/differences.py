"""What a rehearsal has changed: its copies compared with the real rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

COMPARED = """
    with named as (select unnest(cast(:users as uuid[])) as user_id), compared as (
        select s.user_id, s.product, p.org_id, s.pool_id, s.reason,
               coalesce(b.state, 'none') as before, s.state as after,
               case when s.state = 'assigned' and b.state is distinct from 'assigned' then 'gains'
                    when s.state = 'assigned' then 'keeps'
                    when b.state = 'assigned' then 'loses'
                    when s.state = 'waitlisted' then 'waits'
                    else 'none' end as outcome
        from pg_temp.seat s
        left join public.seat b on b.tenant_id = s.tenant_id and b.user_id = s.user_id and b.product = s.product
        join pg_temp.person p on p.tenant_id = s.tenant_id and p.id = s.user_id
        where (b.state is distinct from s.state or b.pool_id is distinct from s.pool_id
               or s.user_id in (select user_id from named))
          and (cast(:units as uuid[]) is null or p.org_id = any(cast(:units as uuid[])))
    )
"""
PEOPLE = text(f"{COMPARED} select * from compared order by outcome, product, user_id limit :limit")
TOTALS = text(f"{COMPARED} select product, outcome, count(*) as people from compared group by product, outcome")
POOLS = text("""
    select p.id, p.org_id, p.product, b.license_state as was_state, p.license_state, b.capacity as was_capacity,
           p.capacity, b.assigned as was_assigned, p.assigned, b.waitlisted as was_waitlisted, p.waitlisted,
           b.suspended as was_suspended, p.suspended, b.over_allocated as was_over_allocated, p.over_allocated
    from pg_temp.pool p left join public.pool b on b.tenant_id = p.tenant_id and b.id = p.id
    where (cast(:units as uuid[]) is null or p.org_id = any(cast(:units as uuid[])))
      and (b.id is null or (b.license_state, b.capacity, b.assigned, b.waitlisted, b.suspended)
           is distinct from (p.license_state, p.capacity, p.assigned, p.waitlisted, p.suspended))
    order by p.org_id, p.product limit :limit
""")
POSITIONS = text("""
    select user_id, product, position from (
        select user_id, product, pool_id, row_number() over (
            partition by pool_id order by line_order, first_in_line desc, priority, wanted_since, user_id) as position
        from pg_temp.seat where state = 'waitlisted'
    ) line where user_id = any(cast(:users as uuid[]))
""")


async def compare_people(
    conn: AsyncConnection, users: Sequence[UUID], units: Sequence[UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Seats that are otherwise now, and all seats of the people named; of these organizations alone, unless None."""
    values = {"users": list(users), "units": None if units is None else list(units), "limit": limit}
    return (await conn.execute(PEOPLE, values)).all()


async def count_outcomes(
    conn: AsyncConnection, users: Sequence[UUID], units: Sequence[UUID] | None
) -> Sequence[Row[Any]]:
    """How many people gain, keep, lose or await a seat of each product."""
    values = {"users": list(users), "units": None if units is None else list(units)}
    return (await conn.execute(TOTALS, values)).all()


async def compare_pools(conn: AsyncConnection, units: Sequence[UUID] | None, limit: int) -> Sequence[Row[Any]]:
    """Pools whose figures are otherwise now; those that are new have no figures before."""
    return (await conn.execute(POOLS, {"units": None if units is None else list(units), "limit": limit})).all()


async def positions(conn: AsyncConnection, users: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """The place in line, from 1, of those of these people who wait."""
    rows = await conn.execute(POSITIONS, {"users": list(users)})
    return {(row.user_id, row.product): row.position for row in rows}
