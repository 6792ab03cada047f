"""What is shown: seats that are held with their activity, page by page, and figures for the doctor."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.access import Scope
from usher_kit.deleted import count_by
from usher_usage.tables import UNUSED

SHOWN = """
    select a.user_id, a.product, a.org_id, a.activity, a.since, s.assigned_since, a.warned_since,
        a.reclaim_due, a.kept_until, a.next_change_at, a.version,
        case when a.last_login_at is not null then greatest(a.last_login_at, l.at) end as last_login_at
    from seat_activity a
    join seat s on (s.tenant_id, s.user_id, s.product) = (a.tenant_id, a.user_id, a.product)
    left join last_login l on l.tenant_id = a.tenant_id and l.user_id = a.user_id
    where s.state = 'assigned'
        and (cast(:tenants as uuid[]) is null or a.tenant_id = any(cast(:tenants as uuid[])))
        and (cast(:units as uuid[]) is null or a.org_id = any(cast(:units as uuid[])))
        and (cast(:product as text) is null or a.product = :product)
"""
BY_PERSON = text(f"""{SHOWN}
    and (cast(:activity as text) is null or a.activity = :activity)
    and (cast(:after_user as uuid) is null
        or (a.user_id, a.product) > (cast(:after_user as uuid), cast(:after_product as text)))
    order by a.user_id, a.product limit :limit
""")
UNUSED_SEATS = text(f"""{SHOWN}
    and a.{UNUSED}
    and (cast(:after_since as timestamptz) is null
        or (a.since, a.user_id, a.product) > (cast(:after_since as timestamptz), cast(:after_user as uuid),
            cast(:after_product as text)))
    order by a.since, a.user_id, a.product limit :limit
""")
OF_PERSON = text(f"{SHOWN} and a.user_id = :user order by a.product")
PERSON = text("""
    select p.tenant_id, p.org_id, l.at as last_login_at from person p
    left join last_login l on l.tenant_id = p.tenant_id and l.user_id = p.id
    where p.id = :user
""")

COUNTS = text("""
    select a.activity, count(*) as seats from seat_activity a
    join seat s on (s.tenant_id, s.user_id, s.product) = (a.tenant_id, a.user_id, a.product) and s.state = 'assigned'
    group by a.activity order by a.activity
""")
# Summed, so that no order is needed; over md5, which is the same on every server.
CHECK = text("""
    select count(*) filter (where version > 0) as facts, coalesce(sum(('x' || left(md5(
            user_id::text || '/' || product || '/' || activity || '/' || version), 15))::bit(60)::bigint)
            filter (where version > 0), 0)::text as checksum,
        count(*) filter (where next_change_at <= :at) as due, (select count(*) from login) as logins
    from seat_activity
""")

LOGGED_IN = count_by("""
    login l join person p on (p.tenant_id, p.id) = (l.tenant_id, l.user_id) where p.status = 'deleted'
""")


async def list_by_person(
    conn: AsyncConnection,
    scope: Scope,
    *,
    product: str | None,
    activity: str | None,
    after: tuple[UUID, str] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Held seats in order of person and product, after `(user_id, product)`."""
    user, last_product = after or (None, None)
    places = {"activity": activity, "after_user": user, "after_product": last_product}
    return (await conn.execute(BY_PERSON, {**parameters(scope, product), **places, "limit": limit})).all()


async def list_unused(
    conn: AsyncConnection,
    scope: Scope,
    *,
    product: str | None,
    after: tuple[datetime, UUID, str] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Held seats that are inactive or were never used, the oldest first, after `(since, user_id, product)`."""
    since, user, last_product = after or (None, None, None)
    places = {"after_since": since, "after_user": user, "after_product": last_product}
    return (await conn.execute(UNUSED_SEATS, {**parameters(scope, product), **places, "limit": limit})).all()


async def find_person(conn: AsyncConnection, user_id: UUID) -> Row[Any] | None:
    """Where a person is, `(tenant_id, org_id)`, with `last_login_at`, whatever they held then."""
    return (await conn.execute(PERSON, {"user": user_id})).one_or_none()


async def list_of_person(conn: AsyncConnection, user_id: UUID) -> Sequence[Row[Any]]:
    """The seats that a person holds."""
    everywhere = {"tenants": None, "units": None, "product": None}
    return (await conn.execute(OF_PERSON, {**everywhere, "user": user_id})).all()


async def count_seats(conn: AsyncConnection) -> dict[str, int]:
    """Held seats by activity, over all that the transaction sees."""
    return {row.activity: row.seats for row in await conn.execute(COUNTS)}


async def check_seats(conn: AsyncConnection, at: datetime) -> Row[Any]:
    """`facts` told of different seats with their `checksum`, the seats `due` at `at`, and the `logins` kept."""
    return (await conn.execute(CHECK, {"at": at})).one()


def parameters(scope: Scope, product: str | None) -> dict[str, Any]:
    units = None if scope.units is None else list(scope.units)
    return {"tenants": list(scope.tenants), "units": units, "product": product}
