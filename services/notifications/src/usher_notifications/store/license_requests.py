"""Statements on license requests: the highest version of each, addressed once to those whom it concerns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import LicenseRequestChanged
from usher_contracts.envelope import Cause, Event
from usher_notifications.store.claims import claim, claiming

KEEP = text("""
    insert into license_request as r (tenant_id, id, org_id, product, seats, note, state, figures, asked_by,
        answer_note, version, told_at, cause)
    select tenant, id, org, product, seats, note, state, cast(figures as jsonb), asked_by, answer_note, version, told,
        cause
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:orgs as uuid[]), cast(:products as text[]),
        cast(:seats as integer[]), cast(:notes as text[]), cast(:states as text[]), cast(:figures as text[]),
        cast(:askers as text[]), cast(:answers as text[]), cast(:versions as bigint[]), cast(:told as timestamptz[]),
        cast(:causes as text[])) as fact (tenant, id, org, product, seats, note, state, figures, asked_by, answer_note,
        version, told, cause)
    on conflict (tenant_id, id) do update
    set (seats, note, state, figures, asked_by, answer_note, version, told_at, cause, addressed_at)
      = (excluded.seats, excluded.note, excluded.state, excluded.figures, excluded.asked_by, excluded.answer_note,
         excluded.version, excluded.told_at, excluded.cause, null)
    where r.version < excluded.version
""")
CLAIM = claiming("license_request", "id", "org_id", "state", "version")


async def keep_requests(conn: AsyncConnection, events: Sequence[Event[LicenseRequestChanged]]) -> int:
    """Keep the highest version of each request. Answers how many were news."""
    facts = [event.data for event in events]
    kept = await conn.execute(
        KEEP,
        {
            "tenants": [fact.tenant_id for fact in facts],
            "ids": [fact.id for fact in facts],
            "orgs": [fact.org_id for fact in facts],
            "products": [fact.product for fact in facts],
            "seats": [fact.seats for fact in facts],
            "notes": [fact.note for fact in facts],
            "states": [fact.state for fact in facts],
            "figures": [fact.figures.model_dump_json() for fact in facts],
            "askers": [fact.asked_by for fact in facts],
            "answers": [fact.answer_note for fact in facts],
            "versions": [fact.version for fact in facts],
            "told": [event.time for event in events],
            "causes": [Cause.of(event).model_dump_json() for event in events],
        },
    )
    return kept.rowcount


async def claim_requests(conn: AsyncConnection, at: datetime, limit: int) -> Sequence[Row[Any]]:
    """Take requests whose version nobody has addressed yet; it counts as addressed when the transaction commits."""
    return await claim(conn, CLAIM, at, limit)
