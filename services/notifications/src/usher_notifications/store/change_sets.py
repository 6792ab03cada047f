"""Statements on held change sets: the highest version of each, addressed once to those who decide."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import ChangeSetHeld
from usher_notifications.store.claims import claim, claiming

# What came first says since when it is held; a set that grows, or is decided on in part, is the same one.
KEEP = text("""
    insert into change_set as s (tenant_id, id, org_id, source, status, would_deactivate, would_remove_roles,
        of_people, share_percent, version, told_at, cause)
    select * from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:orgs as uuid[]),
        cast(:sources as text[]), cast(:statuses as text[]), cast(:deactivate as integer[]),
        cast(:remove_roles as integer[]), cast(:of_people as integer[]), cast(:shares as integer[]),
        cast(:versions as bigint[]), cast(:told as timestamptz[]), cast(:causes as text[]))
    on conflict (tenant_id, id) do update
    set (status, would_deactivate, would_remove_roles, of_people, share_percent, version)
      = (excluded.status, excluded.would_deactivate, excluded.would_remove_roles, excluded.of_people,
         excluded.share_percent, excluded.version)
    where s.version < excluded.version
""")
CLAIM = claiming("change_set", "id", "org_id", "status")


async def keep_sets(conn: AsyncConnection, events: Sequence[Event[ChangeSetHeld]]) -> int:
    """Keep the highest version of each set. Answers how many were news."""
    facts = [event.data for event in events]
    kept = await conn.execute(
        KEEP,
        {
            "tenants": [fact.tenant_id for fact in facts],
            "ids": [fact.id for fact in facts],
            "orgs": [fact.org_id for fact in facts],
            "sources": [fact.source for fact in facts],
            "statuses": [fact.status for fact in facts],
            "deactivate": [fact.would_deactivate for fact in facts],
            "remove_roles": [fact.would_remove_roles for fact in facts],
            "of_people": [fact.of_people for fact in facts],
            "shares": [fact.share_percent for fact in facts],
            "versions": [fact.version for fact in facts],
            "told": [event.time for event in events],
            "causes": [Cause.of(event).model_dump_json() for event in events],
        },
    )
    return kept.rowcount


async def claim_sets(conn: AsyncConnection, at: datetime, limit: int) -> Sequence[Row[Any]]:
    """Take sets that nobody has addressed yet; they count as addressed when the transaction commits."""
    return await claim(conn, CLAIM, at, limit)
