"""Statements on what became of the events of upstreams that read no outcomes: how many, and the latest of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

MOST = 500
"""Lines of one upstream; what would be one more is left out, since words of another system know no end."""

SAVE = text("""
    insert into upstream_tally as t (tenant_id, source, outcome, what, events, detail, last_id, last_at)
    select :tenant, :source, outcome, what, events, detail, last_id, :at
    from unnest(cast(:outcomes as text[]), cast(:whats as text[]), cast(:counts as bigint[]),
        cast(:details as text[]), cast(:ids as text[])) as came (outcome, what, events, detail, last_id)
    where exists (select from upstream_tally k where (k.tenant_id, k.source, k.outcome, k.what)
            = (:tenant, :source, came.outcome, came.what))
        or (select count(*) from upstream_tally k where k.tenant_id = :tenant and k.source = :source) < :most
    on conflict (tenant_id, source, outcome, what) do update
    set (events, detail, last_id, last_at)
        = (t.events + excluded.events, excluded.detail, excluded.last_id, excluded.last_at)
""")
LIST = text("""
    select outcome, what, events, detail, last_id, last_at from upstream_tally
    where tenant_id = :tenant and source = :source order by outcome, what
""")


@dataclass(frozen=True, slots=True)
class Tally:
    """Events with one outcome, of one kind."""

    outcome: str
    what: str
    events: int
    detail: str
    """Of the latest one."""
    last_id: str
    last_at: datetime


async def save_tallies(
    conn: AsyncConnection, tenant_id: UUID, source: str, tallies: Sequence[Tally], at: datetime
) -> None:
    """Add to what was counted before."""
    if not tallies:
        return
    await conn.execute(
        SAVE,
        {
            "tenant": tenant_id,
            "source": source,
            "at": at,
            "most": MOST,
            "outcomes": [one.outcome for one in tallies],
            "whats": [one.what for one in tallies],
            "counts": [one.events for one in tallies],
            "details": [one.detail for one in tallies],
            "ids": [one.last_id for one in tallies],
        },
    )


async def list_tallies(conn: AsyncConnection, tenant_id: UUID, source: str) -> list[Tally]:
    """All of one upstream's."""
    return [from_row(row) for row in await conn.execute(LIST, {"tenant": tenant_id, "source": source})]


def from_row(row: Row[Any]) -> Tally:
    return Tally(row.outcome, row.what, row.events, row.detail, row.last_id, row.last_at)
