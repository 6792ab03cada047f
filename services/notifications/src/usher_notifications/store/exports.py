"""Statements on files that reporting made by schedule: what each is, kept once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Event
from usher_contracts.reporting import ExportReady

KEEP = text("""
    insert into export_file (tenant_id, id, org_id, report, format, rows, expires_at)
    select * from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:orgs as uuid[]),
        cast(:reports as text[]), cast(:formats as text[]), cast(:rows as bigint[]), cast(:ends as timestamptz[]))
    on conflict do nothing returning id
""")


async def keep_files(conn: AsyncConnection, events: Sequence[Event[ExportReady]]) -> set[UUID]:
    """Keep what is told. Answers the ids of those that are news."""
    facts = [event.data for event in events]
    kept = await conn.scalars(
        KEEP,
        {
            "tenants": [fact.tenant_id for fact in facts],
            "ids": [fact.id for fact in facts],
            "orgs": [fact.org_id for fact in facts],
            "reports": [fact.report for fact in facts],
            "formats": [fact.format for fact in facts],
            "rows": [fact.rows for fact in facts],
            "ends": [fact.expires_at for fact in facts],
        },
    )
    return set(kept)
