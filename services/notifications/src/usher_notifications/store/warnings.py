"""Statements on how seats are used, as far as warnings need it: the highest version, and which warnings are new."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.usage import SeatActivityChanged

SAVE = text("""
    insert into seat_activity as a
        (tenant_id, user_id, product, last_login_at, warned_since, reclaim_due, version)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:products as text[]),
        cast(:logins as timestamptz[]), cast(:warned as timestamptz[]), cast(:due as timestamptz[]),
        cast(:versions as bigint[]))
    on conflict (tenant_id, user_id, product) do update
    set (last_login_at, warned_since, reclaim_due, version)
      = (excluded.last_login_at, excluded.warned_since, excluded.reclaim_due, excluded.version)
    where a.version < excluded.version
    returning a.user_id, a.product
""")


async def keep_activity(conn: AsyncConnection, facts: Sequence[SeatActivityChanged]) -> set[tuple[UUID, str]]:
    """Keep the highest version of each. Answers the people and products of those that are news."""
    changed = await conn.execute(
        SAVE,
        {
            "tenants": [fact.tenant_id for fact in facts],
            "people": [fact.user_id for fact in facts],
            "products": [fact.product for fact in facts],
            "logins": [fact.last_login_at for fact in facts],
            "warned": [fact.warned_since for fact in facts],
            "due": [fact.reclaim_due for fact in facts],
            "versions": [fact.version for fact in facts],
        },
    )
    return {(row.user_id, row.product) for row in changed}
