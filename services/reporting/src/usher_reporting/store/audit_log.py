"""The audit log's rows: appended and read in their order, never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.audit_log.chain import Appended, Batch, Entry, Head, start
from usher_kit.audit_log.documents import listed
from usher_reporting.store.statements import add
from usher_reporting.tables import AUDIT_BATCH, AUDIT_CHECKPOINT, AUDIT_ENTRY

KNOWN_EVENTS = text("""
    select e.tenant_id, e.event_id
    from unnest(cast(:tenants as uuid[]), cast(:events as text[])) as asked (tenant_id, event_id)
    join audit_entry e using (tenant_id, event_id)
""")
ENDS = text("""
    select asked.tenant_id, e.position, e.hash, b.number, b.root, b.hash as batch_hash,
           coalesce(c.number, 0) as checkpoints, coalesce(c.batches, 0) as signed_batches
    from unnest(cast(:tenants as uuid[])) as asked (tenant_id)
    left join lateral (
        select position, hash from audit_entry where tenant_id = asked.tenant_id order by position desc limit 1
    ) e on true
    left join lateral (
        select number, root, hash from audit_batch where tenant_id = asked.tenant_id order by number desc limit 1
    ) b on true
    left join lateral (
        select number, batches from audit_checkpoint where tenant_id = asked.tenant_id order by number desc limit 1
    ) c on true
    order by asked.tenant_id
""")
CHAIN = text("""
    select position, document, hash, event_id, at, service, actor, act, target, cast(org_id as text) as org_id, outcome,
           trace_id
    from audit_entry where tenant_id = :tenant and position > :after order by position limit :limit
""")
BATCHES = text("""
    select number, first, last, at, root, hash
    from audit_batch where tenant_id = :tenant and number > :after order by number limit :limit
""")
CHECKPOINTS = text("""
    select tenant_id, number, entries, batches, at, signed
    from audit_checkpoint where tenant_id = :tenant and number > :after order by number limit :limit
""")
LATEST_CHECKPOINTS = text("""
    select distinct on (tenant_id) tenant_id, number, entries, batches, at, signed
    from audit_checkpoint where tenant_id = any(cast(:tenants as uuid[])) order by tenant_id, number desc
""")


@dataclass(frozen=True, slots=True)
class End:
    """Where a tenant's log ends, how many checkpoints it has, and how many batches the last one covers."""

    head: Head
    checkpoints: int
    signed_batches: int


async def load_known_events(conn: AsyncConnection, keys: Sequence[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Of these events, by tenant and id, those that are in the log."""
    asked = {"tenants": [tenant for tenant, _ in keys], "events": [event for _, event in keys]}
    return {(row.tenant_id, row.event_id) for row in (await conn.execute(KNOWN_EVENTS, asked)).all()}


async def load_ends(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, End]:
    """Where these tenants' logs end. To append or sign, the tenants' lock is needed."""
    rows = (await conn.execute(ENDS, {"tenants": list(tenants)})).all()
    return {row.tenant_id: End(to_head(row), row.checkpoints, row.signed_batches) for row in rows}


def to_head(row: Any) -> Head:
    """The log's end in a row of `ENDS`. Entries and batches are looked at apart: one may be gone without the other."""
    origin = start(row.tenant_id)
    return Head(
        row.tenant_id,
        row.position or 0,
        row.hash or origin.last_hash,
        row.number or 0,
        row.root or origin.batch_root,
        row.batch_hash or origin.batch_hash,
    )


async def add_appended(conn: AsyncConnection, appended: Sequence[Appended]) -> None:
    """Write batches with their entries. Needs the tenants' lock."""
    await add(conn, AUDIT_ENTRY, [entry_row(one.head.tenant_id, entry) for one in appended for entry in one.entries])
    await add(conn, AUDIT_BATCH, [batch_row(one.head.tenant_id, one.batch) for one in appended])


async def add_checkpoints(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write checkpoints. Needs the tenants' lock."""
    await add(conn, AUDIT_CHECKPOINT, rows)


async def read_chain(conn: AsyncConnection, tenant: UUID, after: int, limit: int) -> Sequence[RowMapping]:
    """Entries after a position, in their order, with what they are listed by."""
    return await read(conn, CHAIN, tenant, after, limit)


async def read_batches(conn: AsyncConnection, tenant: UUID, after: int, limit: int) -> Sequence[RowMapping]:
    """Batches after a number, in their order."""
    return await read(conn, BATCHES, tenant, after, limit)


async def read_checkpoints(conn: AsyncConnection, tenant: UUID, after: int, limit: int) -> Sequence[RowMapping]:
    """Checkpoints after a number, in their order."""
    return await read(conn, CHECKPOINTS, tenant, after, limit)


async def read_latest_checkpoints(conn: AsyncConnection, tenants: Sequence[UUID]) -> Sequence[RowMapping]:
    """The latest checkpoint of each of these tenants that has one."""
    return (await conn.execute(LATEST_CHECKPOINTS, {"tenants": list(tenants)})).mappings().all()


async def read(conn: AsyncConnection, query: Any, tenant: UUID, after: int, limit: int) -> Sequence[RowMapping]:
    return (await conn.execute(query, {"tenant": tenant, "after": after, "limit": limit})).mappings().all()


def entry_row(tenant_id: UUID, entry: Entry) -> dict[str, Any]:
    """An entry as its row: the text that is hashed, and beside it what it is found by."""
    found = listed(entry.document)
    return {
        "tenant_id": tenant_id,
        "position": entry.position,
        "event_id": found.event_id,
        "at": found.at,
        "service": found.service,
        "actor": found.actor,
        "act": found.act,
        "target": found.target,
        "org_id": found.org_id,
        "outcome": found.outcome,
        "trace_id": found.trace_id,
        "document": entry.document,
        "hash": entry.hash,
    }


def batch_row(tenant_id: UUID, batch: Batch) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "number": batch.number,
        "first": batch.first,
        "last": batch.last,
        "at": batch.at,
        "root": batch.root,
        "hash": batch.hash,
    }
