"""What is shown of deliveries: page by page, newest first, and figures for the doctor."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.access import Scope
from usher_kit.deleted import count_by

# Ids are in order of time, so that the newest are the highest.
DELIVERIES = text("""
    select id, kind, subject as about, org_id, recipient, status, reason, attempts, created_at,
        case when status = 'pending' then send_at end as send_at, settled_at, version
    from delivery
    where (cast(:tenants as uuid[]) is null or tenant_id = any(cast(:tenants as uuid[])))
        and (cast(:units as uuid[]) is null or org_id = any(cast(:units as uuid[])))
        and (cast(:recipient as uuid) is null or recipient = :recipient)
        and (cast(:status as text) is null or status = :status)
        and (cast(:kind as text) is null or kind = :kind)
        and (cast(:after as uuid) is null or id < :after)
    order by id desc limit :limit
""")
COUNTS = text("select kind, status, count(*) as deliveries from delivery group by kind, status")
WAITING = text("""
    select count(*) filter (where send_at <= :at) as due, min(created_at) as oldest from delivery
    where status = 'pending'
""")

NAMED = count_by("""
    profile f join person p on (p.tenant_id, p.id) = (f.tenant_id, f.user_id)
    where p.status = 'deleted' and (f.display_name <> '' or f.email is not null)
""")


async def list_deliveries(
    conn: AsyncConnection,
    *,
    scope: Scope | None,
    recipient: UUID | None,
    status: str | None,
    kind: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Deliveries in a scope, or to one recipient, after the one whose id is given."""
    asked = {
        "tenants": None if scope is None else list(scope.tenants),
        "units": None if scope is None or scope.units is None else list(scope.units),
        "recipient": recipient,
        "status": status,
        "kind": kind,
        "after": after,
        "limit": limit,
    }
    return (await conn.execute(DELIVERIES, asked)).all()


async def count_deliveries(conn: AsyncConnection) -> dict[str, dict[str, int]]:
    """Deliveries by kind and status, over all that the transaction sees."""
    counts: dict[str, dict[str, int]] = {}
    for row in await conn.execute(COUNTS):
        counts.setdefault(row.kind, {})[row.status] = row.deliveries
    return counts


async def look_at_waiting(conn: AsyncConnection, at: datetime) -> Row[Any]:
    """How many pending deliveries are `due`, and since when the `oldest` waits."""
    return (await conn.execute(WAITING, {"at": at})).one()
