"""License terms that near their end, the soonest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.store.streams import Query

RENEWALS = text("""
    select t.id as term_id, t.org_id, o.name as organization, t.product, t.seats, t.ends_at, t.state
    from license_term t left join organization o on o.tenant_id = t.tenant_id and o.id = t.org_id
    where t.tenant_id = any(:tenants) and (cast(:units as uuid[]) is null or t.org_id = any(:units))
      and t.state in ('active', 'expiring', 'grace') and t.ends_at <= :until
      and (cast(:after_id as uuid) is null or (t.ends_at, t.id) > (:after_at, cast(:after_id as uuid)))
    order by t.ends_at, t.id limit :limit
""")


class Renewal(NamedTuple):
    """A term that counts or is in grace. `organization` is none before its fact arrived."""

    term_id: UUID
    org_id: UUID
    organization: str | None
    product: str
    seats: int
    ends_at: datetime
    state: str


async def load_renewals(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    until: datetime,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Renewal]:
    """The terms of these tenants, of these units alone where given, that end by `until` and come `after` the last."""
    query = renewals_query(tenants, units, until, after=after, limit=limit)
    return [Renewal(*row) for row in await conn.execute(*query)]


def renewals_query(
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    until: datetime,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int | None = None,
) -> Query:
    """What `load_renewals` asks; without a limit all of it."""
    after_at, after_id = after or (until, None)
    asked = {
        "tenants": list(tenants),
        "units": None if units is None else list(units),
        "until": until,
        "after_at": after_at,
        "after_id": after_id,
        "limit": limit,
    }
    return Query(RENEWALS, asked)
