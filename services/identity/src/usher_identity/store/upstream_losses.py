"""Statements on whom upstreams took something from of late."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.losses import Loss

RECENT = text("""
    select org_id, count(*) as people, count(*) filter (where is_gone) as gone from upstream_loss
    where tenant_id = :tenant and source = :source and lost_at > :since
        and person_id <> all(cast(:but as uuid[]))
    group by org_id
""")
SAVE = text("""
    insert into upstream_loss (tenant_id, source, person_id, org_id, is_gone, lost_at)
    select tenant, source, person, org, gone, :at
    from unnest(cast(:tenants as uuid[]), cast(:sources as text[]), cast(:people as uuid[]), cast(:orgs as uuid[]),
        cast(:gone as boolean[])) as loss (tenant, source, person, org, gone)
    on conflict (tenant_id, source, person_id) do update
    set (org_id, is_gone, lost_at) = (excluded.org_id, excluded.is_gone, excluded.lost_at)
""")
FORGET = text("delete from upstream_loss where lost_at < :before")


@dataclass(frozen=True, slots=True)
class Recent:
    """People of one unit who lost something, or would have; and those of them who are gone by it."""

    people: int
    gone: int


async def count_recent(
    conn: AsyncConnection, tenant_id: UUID, source: str, since: datetime, but: Iterable[UUID]
) -> dict[UUID, Recent]:
    """What each unit lost to a source since, apart from these people."""
    asked = {"tenant": tenant_id, "source": source, "since": since, "but": list(but)}
    return {row.org_id: Recent(row.people, row.gone) for row in await conn.execute(RECENT, asked)}


async def save_recent(conn: AsyncConnection, losses: Sequence[tuple[Loss, bool]], at: datetime) -> None:
    """Keep losses of different people, each with whether the person is gone by it, to count with those that come."""
    await conn.execute(
        SAVE,
        {
            "at": at,
            "tenants": [one.tenant_id for one, _ in losses],
            "sources": [one.source for one, _ in losses],
            "people": [one.person_id for one, _ in losses],
            "orgs": [one.org_id for one, _ in losses],
            "gone": [is_gone for _, is_gone in losses],
        },
    )


async def forget_recent(conn: AsyncConnection, before: datetime) -> None:
    await conn.execute(FORGET, {"before": before})
