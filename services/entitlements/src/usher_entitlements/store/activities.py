"""How seats are used, as usage told it: kept by version, and searched for seats to reclaim or to give back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.inactivity import IDLE, Activity

COLUMNS = """
    a.tenant_id, a.user_id, a.product, a.version, a.activity, a.assigned_since, a.last_login_at, a.reclaim_due,
    a.kept_until
"""

# Who never came and is not due says nothing here that a missing row does not: most seats of a district have none.
SAVE = text("""
    with fact as (
        select * from unnest(cast(:tenants as uuid[]), cast(:users as uuid[]), cast(:products as text[]),
            cast(:versions as bigint[]), cast(:activities as text[]), cast(:assigned as timestamptz[]),
            cast(:logins as timestamptz[]), cast(:due as timestamptz[]), cast(:kept as timestamptz[]))
            as f (tenant_id, user_id, product, version, activity, assigned_since, last_login_at, reclaim_due,
                  kept_until)
    ), old as (
        select a.* from fact f join seat_activity a using (tenant_id, user_id, product)
        order by user_id, product for update of a
    ), saved as (
        insert into seat_activity as a (tenant_id, user_id, product, version, activity, assigned_since,
            last_login_at, reclaim_due, kept_until)
        select f.* from fact f left join old using (tenant_id, user_id, product)
        where f.reclaim_due is not null or f.last_login_at is not null or old.version is not null
        order by f.user_id, f.product
        on conflict (tenant_id, user_id, product) do update
        set (version, activity, assigned_since, last_login_at, reclaim_due, kept_until)
          = (excluded.version, excluded.activity, excluded.assigned_since, excluded.last_login_at, excluded.reclaim_due,
             excluded.kept_until)
        where a.version < excluded.version
        returning a.user_id, a.product
    )
    select saved.user_id, saved.product, old.last_login_at, old.kept_until
    from saved left join old using (user_id, product)
""")
RECLAIMED = text("""
    select s.tenant_id, s.user_id, s.product, p.org_id
    from unnest(cast(:users as uuid[]), cast(:products as text[])) as named (user_id, product)
    join seat s on s.tenant_id = any(cast(:tenants as uuid[])) and s.user_id = named.user_id
        and s.product = named.product and s.blocked_for = 'inactivity' and s.given_back_at is null
    join person p on p.tenant_id = s.tenant_id and p.id = s.user_id
""")
DUE = text("""
    select a.tenant_id, a.user_id, a.product, p.org_id
    from seat_activity a
    join seat s on s.tenant_id = a.tenant_id and s.user_id = a.user_id and s.product = a.product
        and s.state = 'assigned' and coalesce(a.assigned_since, s.assigned_since) = s.assigned_since
    join person p on p.tenant_id = a.tenant_id and p.id = a.user_id
    where a.reclaim_due <= :before and s.since <= :before and a.activity = any(cast(:idle as text[]))
      and (a.kept_until is null or a.kept_until <= :at)
    order by a.reclaim_due limit :most
""")
LOCK = text(f"""
    select {COLUMNS}
    from unnest(cast(:users as uuid[]), cast(:products as text[])) as named (user_id, product)
    join seat_activity a on a.tenant_id = any(cast(:tenants as uuid[])) and a.user_id = named.user_id
        and a.product = named.product
    order by a.user_id, a.product for update of a
""")
LOGINS = text("""
    select a.user_id, a.product, a.last_login_at
    from unnest(cast(:users as uuid[]), cast(:products as text[])) as named (user_id, product)
    join seat_activity a on a.tenant_id = any(cast(:tenants as uuid[])) and a.user_id = named.user_id
        and a.product = named.product
""")

Pair = tuple[UUID, str]
"""A person and a product."""


@dataclass(frozen=True, slots=True)
class Named:
    """A seat that something is to be done about, with its person's organization."""

    tenant_id: UUID
    user_id: UUID
    product: str
    org_id: UUID


async def save_activities(
    conn: AsyncConnection, told: Sequence[Activity]
) -> dict[Pair, tuple[datetime | None, datetime | None]]:
    """Keep the highest version of each. Answers those that are news, with what was known before of them.

    That is the last login, and until when the seat was kept.
    """
    rows = await conn.execute(
        SAVE,
        {
            "tenants": [one.tenant_id for one in told],
            "users": [one.user_id for one in told],
            "products": [one.product for one in told],
            "versions": [one.version for one in told],
            "activities": [one.activity for one in told],
            "assigned": [one.assigned_since for one in told],
            "logins": [one.last_login_at for one in told],
            "due": [one.reclaim_due for one in told],
            "kept": [one.kept_until for one in told],
        },
    )
    return {(row.user_id, row.product): (row.last_login_at, row.kept_until) for row in rows}


async def find_reclaimed(conn: AsyncConnection, tenants: Sequence[UUID], pairs: Sequence[Pair]) -> list[Named]:
    """Which of these seats were reclaimed, and not given back for good; unlocked, so that it may change."""
    return [Named(*row) for row in await conn.execute(RECLAIMED, columns(tenants, pairs))]


async def find_due(conn: AsyncConnection, before: datetime, at: datetime, most: int) -> list[Named]:
    """Assigned seats that were due to be reclaimed before `before`, and are not kept at `at`; the longest due first."""
    return [
        Named(*row) for row in await conn.execute(DUE, {"before": before, "at": at, "most": most, "idle": list(IDLE)})
    ]


async def lock_activities(
    conn: AsyncConnection, tenants: Sequence[UUID], pairs: Sequence[Pair]
) -> dict[Pair, Activity]:
    """What was told of these seats, locked: news of them waits until what is decided by it is saved."""
    rows: Sequence[Row[Any]] = (await conn.execute(LOCK, columns(tenants, pairs))).all()
    return {(row.user_id, row.product): Activity(**row._mapping) for row in rows}  # noqa: SLF001 (a public mapping)


async def load_logins(
    conn: AsyncConnection, tenants: Sequence[UUID], pairs: Sequence[Pair]
) -> Mapping[Pair, datetime | None]:
    """The last known login of each of these that has ever logged in."""
    rows = await conn.execute(LOGINS, columns(tenants, pairs))
    return {(row.user_id, row.product): row.last_login_at for row in rows}


def columns(tenants: Sequence[UUID], pairs: Sequence[Pair]) -> dict[str, list[Any]]:
    return {
        "tenants": list(tenants),
        "users": [user for user, _ in pairs],
        "products": [product for _, product in pairs],
    }
