"""Statements on exports: one row each, claimed by one worker at a time for as long as its lease holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.exports import Coverage, Export, Format, Owner, Removed, State, Written

COLUMNS = """
    tenant_id, id, owner_tenant_id, owner_user_id, owner_client_id, owner_org_id, owner_scopes, report, format, org_id,
    filters, at, created_at, schedule_id, recipients, state, started_at, finished_at, attempts, done, tenants, units,
    as_of, rows, size, digest, expires_at, removed, error_code, error
"""
ADD = text("""
    insert into export (tenant_id, id, owner_tenant_id, owner_user_id, owner_client_id, owner_org_id, owner_scopes,
        report, format, org_id, filters, at, created_at, schedule_id, recipients, state, attempts, done)
    values (:tenant_id, :id, :owner_tenant_id, :owner_user_id, :owner_client_id, :owner_org_id, :owner_scopes,
        :report, :format, :org_id, cast(:filters as jsonb), :at, :created_at, :schedule_id, :recipients,
        'waiting', 0, 0)
""")
COUNT_OPEN = text("""
    select count(*) from export
    where state in ('waiting', 'running') and schedule_id is null
        and owner_user_id is not distinct from cast(:user as uuid)
        and owner_client_id is not distinct from cast(:client as text)
""")
HOLD_ASKERS = text("select pg_advisory_xact_lock(hashtextextended('export/' || cast(:actor as text), 0))")
CLAIM = text(f"""
    with next as (
        select tenant_id, id from export
        where state in ('waiting', 'running') and (leased_until is null or leased_until < :now)
        order by id limit 1 for update skip locked
    )
    update export set state = 'running', claim = :claim, leased_until = :until, attempts = attempts + 1, done = 0,
        started_at = coalesce(started_at, :now)
    where (tenant_id, id) in (select tenant_id, id from next)
    returning {COLUMNS}
""")
OF_CLAIM = "tenant_id = :tenant and id = :id and claim = :claim"
RENEW = text(f"update export set leased_until = :until, done = :done where {OF_CLAIM} returning id")
RELEASE = text(f"update export set leased_until = null, claim = null where {OF_CLAIM}")
HOLD = text(f"select id from export where {OF_CLAIM} for update")
COVER = text(f"update export set tenants = :tenants, units = :units where {OF_CLAIM} returning id")
FINISH = text("""
    update export set state = :state, finished_at = :at, claim = null, leased_until = null, as_of = :as_of,
        rows = :rows, done = :done, size = :size, digest = :digest, expires_at = :expires_at, error_code = :error_code,
        error = :error, recipients = :recipients
    where tenant_id = :tenant and id = :id
""")
FIND = text(f"select {COLUMNS} from export where id = :id")
# A page of what the caller may see by itself; whether it is within their reach is asked of each.
LIST = text(f"""
    select {COLUMNS} from export
    where (cast(:before as uuid) is null or id < cast(:before as uuid)) and (
        :is_all or (owner_user_id is not distinct from cast(:user as uuid)
            and owner_client_id is not distinct from cast(:client as text))
        or cast(:user as uuid) = any(recipients)
    )
    order by id desc limit :limit
""")
REMOVE = text("delete from export where tenant_id = :tenant and id = :id")
REMOVE_PARTS = text("delete from export_part where tenant_id = :tenant and export_id = :id")
ADD_PARTS = text("""
    insert into export_part (tenant_id, export_id, number, content)
    select :tenant, :id, :first + place - 1, content
    from unnest(cast(:contents as bytea[])) with ordinality as part (content, place)
""")
PART = text("select content from export_part where tenant_id = :tenant and export_id = :id and number = :number")
EXPIRE = text("""
    with old as (
        select tenant_id, id from export
        where expires_at <= :now and expires_at is not null and removed is null limit 100 for update skip locked
    ), gone as (
        delete from export_part where (tenant_id, export_id) in (select tenant_id, id from old)
    )
    update export set removed = 'expired' where (tenant_id, id) in (select tenant_id, id from old)
""")
FORGET = text("delete from export where finished_at < :before and (removed is not null or state = 'failed')")
# What is being written may hold what was read before somebody was erased: it begins anew.
UNNAME = text("""
    with naming as (
        select tenant_id, id, state from export
        where report = any(cast(:reports as text[])) and state in ('waiting', 'running', 'done') and removed is null
            and (tenant_id = any(cast(:erased as uuid[])) or tenants && cast(:erased as uuid[]) or tenants is null)
        order by tenant_id, id for update
    ), gone as (
        delete from export_part where (tenant_id, export_id) in (select tenant_id, id from naming)
    )
    update export e set removed = case naming.state when 'done' then 'erasure' end, claim = null, leased_until = null,
        state = case naming.state when 'done' then 'done' else 'waiting' end, attempts = 0
    from naming where (e.tenant_id, e.id) = (naming.tenant_id, naming.id)
""")
AWAIT_WRITERS = text("""
    select count(*) from (
        select from progress where tenant_id = any(cast(:tenants as uuid[])) order by tenant_id for share
    ) writers
""")


async def add_exports(conn: AsyncConnection, exports: Sequence[Export]) -> None:
    """Write exports that wait for a worker."""
    if exports:
        await conn.execute(ADD, [to_row(export) for export in exports])


async def count_open(conn: AsyncConnection, owner: Owner) -> int:
    """How many exports of somebody are not over yet. Until the transaction's end nobody else counts theirs."""
    await conn.execute(HOLD_ASKERS, {"actor": owner.actor})
    counted: int = (await conn.execute(COUNT_OPEN, {"user": owner.user_id, "client": owner.client_id})).scalar_one()
    return counted


async def claim_export(conn: AsyncConnection, claim: UUID, now: datetime, until: datetime) -> Export | None:
    """Take the oldest export that nobody works on."""
    row = (await conn.execute(CLAIM, {"claim": claim, "now": now, "until": until})).one_or_none()
    return from_row(row) if row else None


async def await_writers(conn: AsyncConnection, tenants: Sequence[UUID]) -> None:
    """Wait for the transactions that bring these tenants' figures in step now, and hold up those that come."""
    await conn.execute(AWAIT_WRITERS, {"tenants": list(tenants)})


async def renew_lease(conn: AsyncConnection, export: Export, claim: UUID, until: datetime, done: int) -> bool:
    """Hold on to an export of which so many rows are written; whether it is still this worker's."""
    renewed = await conn.execute(RENEW, {**key(export), "claim": claim, "until": until, "done": done})
    return renewed.one_or_none() is not None


async def release_export(conn: AsyncConnection, export: Export, claim: UUID) -> None:
    """Let go of an export, for any worker to take up at once."""
    await conn.execute(RELEASE, {**key(export), "claim": claim})


async def hold_export(conn: AsyncConnection, export: Export, claim: UUID) -> bool:
    """Lock the export's row for the rest of the transaction; whether it is still this worker's."""
    return (await conn.execute(HOLD, {**key(export), "claim": claim})).one_or_none() is not None


async def save_coverage(conn: AsyncConnection, export: Export, claim: UUID, coverage: Coverage) -> bool:
    """Write whose rows are read for it; whether it is still this worker's."""
    units = None if coverage.units is None else list(coverage.units)
    covered = await conn.execute(
        COVER, {**key(export), "claim": claim, "tenants": list(coverage.tenants), "units": units}
    )
    return covered.one_or_none() is not None


async def save_end(conn: AsyncConnection, export: Export) -> None:
    """Write that a held export is over, and how."""
    written = export.written
    await conn.execute(
        FINISH,
        {
            **key(export),
            "state": export.state,
            "at": export.finished_at,
            "as_of": written and written.as_of,
            "rows": written and written.rows,
            "done": export.done,
            "size": written and written.size,
            "digest": written and written.digest,
            "expires_at": export.expires_at,
            "error_code": export.error_code,
            "error": export.error,
            "recipients": list(export.recipients),
        },
    )


async def find_export(conn: AsyncConnection, id_: UUID) -> Export | None:
    """An export that the transaction may see."""
    row = (await conn.execute(FIND, {"id": id_})).one_or_none()
    return from_row(row) if row else None


async def list_exports(
    conn: AsyncConnection, owner: Owner, before: UUID | None, limit: int, *, every: bool
) -> list[Export]:
    """Exports of somebody, and those that they are recipients of; or every one. The latest first."""
    asked = {"user": owner.user_id, "client": owner.client_id, "is_all": every, "before": before, "limit": limit}
    return [from_row(row) for row in await conn.execute(LIST, asked)]


async def remove_export(conn: AsyncConnection, export: Export) -> None:
    """Forget an export with its file; whoever makes it loses its claim."""
    await remove_parts(conn, export)
    await conn.execute(REMOVE, key(export))


async def remove_parts(conn: AsyncConnection, export: Export) -> None:
    await conn.execute(REMOVE_PARTS, key(export))


async def add_parts(conn: AsyncConnection, export: Export, first: int, contents: Sequence[bytes]) -> None:
    """Write parts of the file, numbered from `first`."""
    await conn.execute(ADD_PARTS, {**key(export), "first": first, "contents": list(contents)})


async def load_part(conn: AsyncConnection, export: Export, number: int) -> bytes | None:
    """A part of the file; none after the last."""
    content: bytes | None = await conn.scalar(PART, {**key(export), "number": number})
    return content


async def expire_files(conn: AsyncConnection, now: datetime, forgotten_before: datetime) -> int:
    """Remove files whose time is over, and forget exports that were over long ago. Answers how many files went."""
    gone = (await conn.execute(EXPIRE, {"now": now})).rowcount
    await conn.execute(FORGET, {"before": forgotten_before})
    return gone


async def remove_files_naming(conn: AsyncConnection, reports: Sequence[str], tenants: Sequence[UUID]) -> int:
    """Remove the files of these reports that hold rows of these tenants. Needs the tenants' lock."""
    return (await conn.execute(UNNAME, {"reports": list(reports), "erased": list(tenants)})).rowcount


def to_row(export: Export) -> dict[str, Any]:
    """What is asked for, as its row."""
    owner = export.owner
    return {
        "tenant_id": export.tenant_id,
        "id": export.id,
        "owner_tenant_id": owner.tenant_id,
        "owner_user_id": owner.user_id,
        "owner_client_id": owner.client_id,
        "owner_org_id": owner.org_id,
        "owner_scopes": list(owner.scopes),
        "report": export.report,
        "format": export.format,
        "org_id": export.org_id,
        "filters": orjson.dumps(export.filters).decode(),
        "at": export.at,
        "created_at": export.created_at,
        "schedule_id": export.schedule_id,
        "recipients": list(export.recipients),
    }


def key(export: Export) -> dict[str, Any]:
    return {"tenant": export.tenant_id, "id": export.id}


def from_row(row: Row[Any]) -> Export:
    values = dict(row._mapping)  # noqa: SLF001 (public in SQLAlchemy, by a name with an underscore)
    owner = {name: values.pop(f"owner_{name}") for name in ("tenant_id", "user_id", "client_id", "org_id", "scopes")}
    tenants, units = values.pop("tenants"), values.pop("units")
    as_of, rows, size, digest = (values.pop(name) for name in ("as_of", "rows", "size", "digest"))
    format_, state, removed = values.pop("format"), values.pop("state"), values.pop("removed")
    return Export(
        owner=Owner(**owner),
        coverage=None if tenants is None else Coverage(tenants, units),
        written=None if digest is None else Written(as_of, rows, size, digest),
        format=Format(format_),
        state=State(state),
        removed=Removed(removed) if removed else None,
        **values,
    )
