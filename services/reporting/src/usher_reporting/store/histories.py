"""Histories that a restore forked: which claims lead to the present (messages: The state-carrying rule)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SeatKey: TypeAlias = tuple[UUID, UUID, str]
"""Tenant, person and product."""

# A link is the first line of a seat in an epoch: it names a version of an older one, or none (0), as the one before it.
# Links are followed from the epoch of the highest version down; what lies between such a link and its previous version
# was undone. Lines below a link that has not arrived yet are not judged before it does.
JUDGE = text("""
    with recursive asked as (
        select * from unnest(cast(:tenants as uuid[]), cast(:users as uuid[]), cast(:products as text[]))
            as one (tenant_id, user_id, product)
    ), link as materialized (
        select c.tenant_id, c.user_id, c.product, c.version, c.previous_version
        from asked join claim c using (tenant_id, user_id, product)
        where (c.version >> 40) <> (c.previous_version >> 40)
    ), led as (
        select link.* from link
        join lateral (
            select max(version) as version from claim c
            where (c.tenant_id, c.user_id, c.product) = (link.tenant_id, link.user_id, link.product)
        ) highest on link.version >> 40 = highest.version >> 40
        union all
        select link.* from led join link using (tenant_id, user_id, product)
        where link.version >> 40 = led.previous_version >> 40 and link.version <= led.previous_version
    ), judged as (
        select c.tenant_id, c.user_id, c.product, c.version, exists (
            select from led l where (l.tenant_id, l.user_id, l.product) = (c.tenant_id, c.user_id, c.product)
                and l.previous_version < c.version and c.version < l.version
        ) as is_void
        from asked join claim c using (tenant_id, user_id, product)
    )
    update claim c
    set is_void = judged.is_void, voided_at = case when judged.is_void then cast(:moment as timestamptz) end
    from judged
    where (c.tenant_id, c.user_id, c.product, c.version)
        = (judged.tenant_id, judged.user_id, judged.product, judged.version) and c.is_void <> judged.is_void
""")


async def judge_claims(conn: AsyncConnection, seats: Sequence[SeatKey], moment: datetime) -> None:
    """Mark as void what does not lead to these seats' highest versions; whatever is known of them by now is judged."""
    if seats:
        await conn.execute(JUDGE, seat_arrays(seats) | {"moment": moment})


def seat_arrays(seats: Sequence[SeatKey]) -> dict[str, Any]:
    """Seats as the parallel arrays that statements take."""
    return {
        "tenants": [tenant for tenant, _, _ in seats],
        "users": [user for _, user, _ in seats],
        "products": [product for _, _, product in seats],
    }
