"""Pools that a changed license still moves seats of, and the seats that their next step needs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.seats import Reason, Seat
from usher_entitlements.store.seats import COLUMNS, from_row

FIND = text("select tenant_id, pool_id from settling order by tenant_id, pool_id limit :most")
LOAD = text("""
    select pool_id, reason, cast(cause as text) as cause, progress from settling
    where tenant_id = any(cast(:tenants as uuid[])) and pool_id = any(cast(:pools as uuid[]))
""")
SAVE = text("""
    insert into settling as s (tenant_id, pool_id, reason, cause, progress)
    select * from unnest(cast(:tenants as uuid[]), cast(:pools as uuid[]), cast(:reasons as text[]),
        cast(:causes as jsonb[]), cast(:progress as uuid[]))
    on conflict (tenant_id, pool_id) do update
    set (reason, cause, progress) = (excluded.reason, excluded.cause, excluded.progress)
""")
REMOVE = text("""
    delete from settling where tenant_id = any(cast(:tenants as uuid[])) and pool_id = any(cast(:pools as uuid[]))
""")
# Holders are taken in order of the key from where the last step ended, so that all steps together read them once.
HOLDERS = text(f"""
    select {COLUMNS}
    from unnest(cast(:tenants as uuid[]), cast(:pools as uuid[]), cast(:limits as int[]), cast(:after as uuid[]))
        as p (tenant_id, pool_id, most, after)
    cross join lateral (
        select * from seat h
        where h.tenant_id = p.tenant_id and h.pool_id = p.pool_id and h.state = 'assigned'
          and h.user_id > p.after
        order by h.user_id limit p.most
    ) s
""")
SUSPENDED = text(f"""
    select {COLUMNS}
    from unnest(cast(:tenants as uuid[]), cast(:pools as uuid[]), cast(:limits as int[]))
        as p (tenant_id, pool_id, most)
    cross join lateral (
        select * from seat h
        where h.tenant_id = p.tenant_id and h.pool_id = p.pool_id and h.state = 'suspended'
        order by h.assigned_since, h.user_id limit p.most
    ) s
""")

FIRST = UUID(int=0)

Places = tuple[UUID, UUID, int]
"""(tenant, pool, how many seats of it)."""


@dataclass(frozen=True, slots=True)
class Settling:
    """A pool whose seats follow a changed license: why, by what cause, and the last holder who was suspended."""

    tenant_id: UUID
    pool_id: UUID
    why: Reason
    cause: Cause
    progress: UUID | None = None


async def find_settling(conn: AsyncConnection, most: int) -> list[tuple[UUID, UUID]]:
    """(tenant, pool) of pools that are not settled, of the transaction's tenants."""
    return [(row.tenant_id, row.pool_id) for row in await conn.execute(FIND, {"most": most})]


async def load_settling(conn: AsyncConnection, tenant_id: UUID, pools: Sequence[UUID]) -> list[Settling]:
    """What is left to do for locked pools."""
    rows = await conn.execute(LOAD, {"tenants": [tenant_id], "pools": list(pools)})
    return [
        Settling(tenant_id, row.pool_id, Reason(row.reason), Cause.model_validate_json(row.cause), row.progress)
        for row in rows
    ]


async def save_settling(conn: AsyncConnection, left: Iterable[Settling], done: Sequence[Settling]) -> None:
    """Save what is left to do for pools, and that nothing is for those that are done."""
    if rows := list(left):
        await conn.execute(
            SAVE,
            {
                "tenants": [row.tenant_id for row in rows],
                "pools": [row.pool_id for row in rows],
                "reasons": [row.why.value for row in rows],
                "causes": [row.cause.model_dump_json(exclude_none=True) for row in rows],
                "progress": [row.progress for row in rows],
            },
        )
    if done:
        tenants = sorted({row.tenant_id for row in done})
        await conn.execute(REMOVE, {"tenants": tenants, "pools": [row.pool_id for row in done]})


async def load_holders(
    conn: AsyncConnection, places: Sequence[Places], after: Sequence[UUID | None]
) -> dict[UUID, list[Seat]]:
    """So many holders of each pool, by id, after the one that is named."""
    # No expression may stand beside the key in the statement: behind row-level security it would not be searched by.
    return await by_pool(conn, HOLDERS, places, {"after": [one or FIRST for one in after]})


async def load_suspended(conn: AsyncConnection, places: Sequence[Places]) -> dict[UUID, list[Seat]]:
    """So many of each pool's suspended seats, in order of first assignment."""
    return await by_pool(conn, SUSPENDED, places, {})


async def by_pool(
    conn: AsyncConnection, statement: Any, places: Sequence[Places], more: dict[str, list[Any]]
) -> dict[UUID, list[Seat]]:
    found: dict[UUID, list[Seat]] = defaultdict(list)
    if places:
        tenants, pools, limits = zip(*places, strict=True)
        arrays = {"tenants": list(tenants), "pools": list(pools), "limits": list(limits), **more}
        rows: Iterable[Row[Any]] = await conn.execute(statement, arrays)
        for row in rows:
            found[row.pool_id].append(from_row(row))
    return found
