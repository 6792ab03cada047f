"""Statements on administrators' digests: one row each, locked before the next is made."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_notifications.domain.deliveries import Delivery
from usher_notifications.domain.timing import LastDigest
from usher_notifications.store.people import Administrator

ADD = text("""
    insert into digest (tenant_id, user_id)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[])) as asked (tenant, person)
    order by tenant, person on conflict do nothing
""")
LOCK = text("""
    select g.user_id, g.due_at, g.delivery_id from digest g
    join unnest(cast(:tenants as uuid[]), cast(:people as uuid[])) as asked (tenant, person)
        on (g.tenant_id, g.user_id) = (asked.tenant, asked.person)
    order by g.tenant_id, g.user_id for update of g
""")
# One that somebody holds has been written already: it will not count who begins to wait now.
AHEAD = text("""
    select id from delivery
    where id = any(cast(:deliveries as uuid[])) and status = 'pending' and leased_until is null
""")
SAVE = text("""
    update digest g set delivery_id = made.delivery, due_at = made.due
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:deliveries as uuid[]),
        cast(:due as timestamptz[])) as made (tenant, person, delivery, due)
    where (g.tenant_id, g.user_id) = (made.tenant, made.person)
""")


async def lock_digests(conn: AsyncConnection, people: Iterable[Administrator]) -> Mapping[UUID, LastDigest]:
    """Lock these administrators' digests. Answers the last one of each who ever had one."""
    listed = list(people)
    asked = {"tenants": [one.tenant_id for one in listed], "people": [one.id for one in listed]}
    await conn.execute(ADD, asked)
    rows = [row for row in (await conn.execute(LOCK, asked)).all() if row.due_at is not None]
    ahead = set((await conn.scalars(AHEAD, {"deliveries": [row.delivery_id for row in rows]})).all())
    return {row.user_id: LastDigest(row.due_at, row.delivery_id in ahead) for row in rows}


async def save_digests(conn: AsyncConnection, deliveries: Sequence[Delivery]) -> None:
    """Remember these, just made, as their recipients' last digests."""
    await conn.execute(
        SAVE,
        {
            "tenants": [delivery.recipient_tenant_id for delivery in deliveries],
            "people": [delivery.recipient for delivery in deliveries],
            "deliveries": [delivery.id for delivery in deliveries],
            "due": [delivery.send_at for delivery in deliveries],
        },
    )
