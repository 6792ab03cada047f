"""Statements on license notices: each kept once, then addressed to its administrators."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import LicenseTermNotice
from usher_contracts.envelope import Cause, Event
from usher_notifications.store.claims import claim, claiming

KEEP = text("""
    insert into license_notice (tenant_id, subject, org_id, product, seats, ends_at, version, told_at, cause)
    select * from unnest(cast(:tenants as uuid[]), cast(:subjects as text[]), cast(:orgs as uuid[]),
        cast(:products as text[]), cast(:seats as integer[]), cast(:ends as timestamptz[]),
        cast(:versions as bigint[]), cast(:told as timestamptz[]), cast(:causes as text[]))
    on conflict do nothing
""")
CLAIM = claiming("license_notice", "subject", "org_id", "version")


async def keep_notices(conn: AsyncConnection, events: Sequence[Event[LicenseTermNotice]]) -> int:
    """Keep notices, each once: told again, in whatever version of the term, it is the same one. Answers how many."""
    facts = [event.data for event in events]
    kept = await conn.execute(
        KEEP,
        {
            "tenants": [fact.tenant_id for fact in facts],
            "subjects": [fact.subject for fact in facts],
            "orgs": [fact.org_id for fact in facts],
            "products": [fact.product for fact in facts],
            "seats": [fact.seats for fact in facts],
            "ends": [fact.ends_at for fact in facts],
            "versions": [fact.version for fact in facts],
            "told": [event.time for event in events],
            "causes": [Cause.of(event).model_dump_json() for event in events],
        },
    )
    return kept.rowcount


async def claim_notices(conn: AsyncConnection, at: datetime, limit: int) -> Sequence[Row[Any]]:
    """Take notices that nobody has addressed yet; they count as addressed when the transaction commits."""
    return await claim(conn, CLAIM, at, limit)
