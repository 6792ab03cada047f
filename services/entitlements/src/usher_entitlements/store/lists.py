"""What is shown: pages of terms, pools and seats; read as it is, without locks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.allocation import Want
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.store import pools, terms

Reach = tuple[Sequence[UUID], Sequence[UUID] | None]
"""What may be seen: these tenants, and of them these organizations alone; None is all."""

SEEN = "(cast(:units as uuid[]) is null or org_id = any(cast(:units as uuid[])))"

TERMS = text(f"""
    select {terms.COLUMNS} from license_term
    where tenant_id = any(cast(:tenants as uuid[])) and {SEEN}
      and (cast(:product as text) is null or product = :product) and (cast(:state as text) is null or state = :state)
      and (cast(:ends_at as timestamptz) is null or (ends_at, id) > (:ends_at, cast(:id as uuid)))
    order by ends_at, id limit :limit
""")
POOLS = text(f"""
    select {pools.COLUMNS} from pool p
    where tenant_id = any(cast(:tenants as uuid[])) and {SEEN}
      and (cast(:product as text) is null or product = :product)
      and (cast(:org as uuid) is null or (org_id, product) > (cast(:org as uuid), :after_product))
    order by org_id, product limit :limit
""")
SERVING = text(f"""
    select {pools.COLUMNS}
    from pool_service s join pool p on p.tenant_id = s.tenant_id and p.id = s.pool_id
    where s.org_id = :org order by p.product
""")
SEAT_COLUMNS = """
    user_id, product, org_id, pool_id, state, reason, since, assigned_since, wanted_since, priority, first_in_line,
    role, version, line_order, case when lifted_at is null then blocked_at end as blocked_at
"""
SEAT_FILTER = f"""
    tenant_id = any(cast(:tenants as uuid[])) and {SEEN}
    and (cast(:product as text) is null or product = :product) and (cast(:state as text) is null or state = :state)
    and (cast(:user as uuid) is null or user_id = cast(:user as uuid))
"""
SEATS = text(f"""
    select {SEAT_COLUMNS} from seat where {SEAT_FILTER}
      and (cast(:after_user as uuid) is null or (user_id, product) > (cast(:after_user as uuid), :after_product))
    order by user_id, product limit :limit
""")
LINE = text(f"""
    select {SEAT_COLUMNS} from seat where {SEAT_FILTER}
      and (cast(:after_user as uuid) is null
           or (product, coalesce(line_order, 2147483647), not first_in_line, priority, wanted_since, user_id)
           > (:after_product, coalesce(cast(:after_order as int), 2147483647), not cast(:after_first as bool),
              cast(:after_priority as int), cast(:after_since as timestamptz), cast(:after_user as uuid)))
    order by product, coalesce(line_order, 2147483647), not first_in_line, priority, wanted_since, user_id limit :limit
""")
EVIDENCE = text("select evidence from seat where tenant_id = :tenant and user_id = :user and product = :product")
PLACES = text("""
    select user_id, state, wanted_since, assigned_since, priority, first_in_line, line_order from seat
    where tenant_id = :tenant and pool_id = :pool and state = 'waitlisted' and user_id <> :user
    union all
    select user_id, state, wanted_since, assigned_since, priority, first_in_line, line_order from seat
    where tenant_id = :tenant and pool_id = :pool and state = 'suspended' and user_id <> :user
""")
ORGANIZATION = text("select tenant_id from organization where id = :id")


@dataclass(frozen=True, slots=True)
class SeatFilter:
    """Which seats are asked for; None is any."""

    product: str | None = None
    state: str | None = None
    user_id: UUID | None = None


async def list_terms(
    conn: AsyncConnection,
    reach: Reach,
    product: str | None,
    state: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[LicenseTerm]:
    """Terms by their end."""
    ends_at, id_ = after or (None, None)
    values = {"product": product, "state": state, "ends_at": ends_at, "id": id_, "limit": limit}
    return [terms.from_row(row) for row in await conn.execute(TERMS, seen(reach) | values)]


async def list_pools(
    conn: AsyncConnection, reach: Reach, product: str | None, after: tuple[UUID, str] | None, limit: int
) -> list[Pool]:
    """Pools by organization and product."""
    org, after_product = after or (None, None)
    values = {"product": product, "org": org, "after_product": after_product, "limit": limit}
    return [pools.from_row(row) for row in await conn.execute(POOLS, seen(reach) | values)]


async def list_serving_pools(conn: AsyncConnection, org_id: UUID) -> list[Pool]:
    """The pools that serve an organization: its own, and its ancestors'."""
    return [pools.from_row(row) for row in await conn.execute(SERVING, {"org": org_id})]


async def list_seats(
    conn: AsyncConnection, reach: Reach, which: SeatFilter, after: tuple[UUID, str] | None, limit: int
) -> Sequence[Row[Any]]:
    """Seats by person and product."""
    after_user, after_product = after or (None, None)
    values = {"after_user": after_user, "after_product": after_product, "limit": limit}
    return (await conn.execute(SEATS, seen(reach) | filtered(which) | values)).all()


async def list_line(
    conn: AsyncConnection,
    reach: Reach,
    which: SeatFilter,
    after: tuple[str, int | None, bool, int, datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Seats by product and place in line: for those who wait."""
    names = ("after_product", "after_order", "after_first", "after_priority", "after_since", "after_user")
    values = dict(zip(names, after or [None] * len(names), strict=True))
    return (await conn.execute(LINE, seen(reach) | filtered(which) | values | {"limit": limit})).all()


async def find_evidence(conn: AsyncConnection, tenant_id: UUID, user_id: UUID, product: str) -> dict[str, Any]:
    """What a seat's last version was decided by; nothing where there is no seat."""
    found = await conn.scalar(EVIDENCE, {"tenant": tenant_id, "user": user_id, "product": product})
    return dict(found or {})


async def load_places(conn: AsyncConnection, tenant_id: UUID, pool_id: UUID, but: UUID) -> list[Want]:
    """The places of everybody else who waits for a pool, or lost a seat of it to the end of the license."""
    rows = await conn.execute(PLACES, {"tenant": tenant_id, "pool": pool_id, "user": but})
    return [
        Want(row.user_id, row.assigned_since, restored=True)
        if row.state == "suspended"
        else Want(row.user_id, row.wanted_since, row.priority, row.first_in_line, order=row.line_order)
        for row in rows
    ]


async def find_tenant(conn: AsyncConnection, org_id: UUID) -> UUID | None:
    """The tenant of an organization that is known."""
    found: UUID | None = await conn.scalar(ORGANIZATION, {"id": org_id})
    return found


def seen(reach: Reach) -> dict[str, Any]:
    tenants, units = reach
    return {"tenants": list(tenants), "units": None if units is None else list(units)}


def filtered(which: SeatFilter) -> dict[str, Any]:
    return {"product": which.product, "state": which.state, "user": which.user_id}
