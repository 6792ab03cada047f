"""Statements on transfers: the highest version of each, addressed once to those whom it concerns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import TransferChanged
from usher_notifications.store.claims import claim, claiming

KEEP = text("""
    insert into transfer as t (tenant_id, id, status, user_id, from_org_id, to_org_id, asked_org_id, decides_org_id,
        version, told_at, cause)
    select * from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:statuses as text[]),
        cast(:users as uuid[]), cast(:sources as uuid[]), cast(:targets as uuid[]), cast(:askers as uuid[]),
        cast(:deciders as uuid[]), cast(:versions as bigint[]), cast(:told as timestamptz[]), cast(:causes as text[]))
    on conflict (tenant_id, id) do update
    set (status, user_id, from_org_id, to_org_id, asked_org_id, decides_org_id, version, told_at, cause, addressed_at)
      = (excluded.status, excluded.user_id, excluded.from_org_id, excluded.to_org_id, excluded.asked_org_id,
         excluded.decides_org_id, excluded.version, excluded.told_at, excluded.cause, null)
    where t.version < excluded.version
""")
CLAIM = claiming("transfer", "id", "status", "asked_org_id", "decides_org_id", "version")


async def keep_versions(conn: AsyncConnection, events: Sequence[Event[TransferChanged]]) -> int:
    """Keep the highest version of each transfer. Answers how many were news."""
    facts = [event.data for event in events]
    kept = await conn.execute(
        KEEP,
        {
            "tenants": [fact.tenant_id for fact in facts],
            "ids": [fact.id for fact in facts],
            "statuses": [fact.status for fact in facts],
            "users": [fact.user_id for fact in facts],
            "sources": [fact.from_org_id for fact in facts],
            "targets": [fact.to_org_id for fact in facts],
            "askers": [fact.asked_org_id for fact in facts],
            "deciders": [fact.decides_org_id for fact in facts],
            "versions": [fact.version for fact in facts],
            "told": [event.time for event in events],
            "causes": [Cause.of(event).model_dump_json() for event in events],
        },
    )
    return kept.rowcount


async def claim_transfers(conn: AsyncConnection, at: datetime, limit: int) -> Sequence[Row[Any]]:
    """Take transfers whose version nobody has addressed yet; it counts as addressed when the transaction commits."""
    return await claim(conn, CLAIM, at, limit)
