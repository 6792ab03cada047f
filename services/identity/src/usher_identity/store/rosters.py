"""Statements on rosters over REST: when each is due and its sealed secret, and what a reading has so far."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.rosters import Progress, Reading

COLUMNS = "tenant_id, source, sealed, due_at, since, whole_at"
ADD = text("""
    insert into roster_sync (tenant_id, source, sealed, due_at) values (:tenant, :source, :sealed, :at)
    on conflict (tenant_id, source) do update set (sealed, due_at, since, whole_at)
        = (excluded.sealed, excluded.due_at, null, null)
""")
REMOVE = text("delete from roster_sync where tenant_id = :tenant and source = :source")
FIND = text(f"select {COLUMNS} from roster_sync where tenant_id = :tenant and source = :source for update")
DUE = text(f"""
    select {COLUMNS} from roster_sync s
    where due_at <= :now and not exists (
        select from job j where j.kind = 'import' and j.state in ('waiting', 'running')
            and j.tenant_id = s.tenant_id and j.source = s.source
    )
    order by due_at limit 1 for update skip locked
""")
PUT_OFF = text("update roster_sync set due_at = :at where tenant_id = :tenant and source = :source")
DONE = text("""
    update roster_sync set since = coalesce(:since, since), whole_at = coalesce(:whole_at, whole_at)
    where tenant_id = :tenant and source = :source
""")
LOAD = text("select state from roster_reading where tenant_id = :tenant and job_id = :job")
SAVE = text("""
    insert into roster_reading (tenant_id, job_id, state) values (:tenant, :job, :state)
    on conflict (tenant_id, job_id) do update set state = excluded.state
""")
ADD_PAGE = text("""
    insert into roster_page (tenant_id, job_id, file, number, content)
    select :tenant, :job, file, :number, content
    from unnest(cast(:files as text[]), cast(:contents as bytea[])) as page (file, content)
""")
DROP_PAGES = text("""
    delete from roster_page where tenant_id = :tenant and job_id = :job and file = any(cast(:files as text[]))
""")
PAGE = text("""
    select number, content from roster_page
    where tenant_id = :tenant and job_id = :job and file = :file and number > :after order by number limit 1
""")
FORGET_PAGES = text("delete from roster_page where tenant_id = :tenant and job_id = :job")
FORGET_READING = text("delete from roster_reading where tenant_id = :tenant and job_id = :job")


@dataclass(frozen=True, slots=True)
class RosterSync:
    """When a roster is to be read next, and from when on changes are asked for."""

    tenant_id: UUID
    source: str
    sealed: str
    """The client's secret."""
    due_at: datetime
    since: datetime | None
    whole_at: datetime | None
    """When the last reading of everything began that was taken."""


async def add_sync(conn: AsyncConnection, tenant_id: UUID, source: str, sealed: str, at: datetime) -> None:
    await conn.execute(ADD, {"tenant": tenant_id, "source": source, "sealed": sealed, "at": at})


async def remove_sync(conn: AsyncConnection, tenant_id: UUID, source: str) -> None:
    """Forget the secret with the rest."""
    await conn.execute(REMOVE, {"tenant": tenant_id, "source": source})


async def find_sync_for_update(conn: AsyncConnection, tenant_id: UUID, source: str) -> RosterSync | None:
    row = (await conn.execute(FIND, {"tenant": tenant_id, "source": source})).one_or_none()
    return from_row(row) if row else None


async def next_due(conn: AsyncConnection, now: datetime) -> RosterSync | None:
    """The sync that has been due longest and of which no job is open, locked."""
    row = (await conn.execute(DUE, {"now": now})).one_or_none()
    return from_row(row) if row else None


async def put_off(conn: AsyncConnection, sync: RosterSync, at: datetime) -> None:
    await conn.execute(PUT_OFF, {"tenant": sync.tenant_id, "source": sync.source, "at": at})


async def save_done(
    conn: AsyncConnection, tenant_id: UUID, source: str, since: datetime | None, whole_at: datetime | None
) -> None:
    """Keep what a reading that was taken comes to; None leaves what was there."""
    await conn.execute(DONE, {"tenant": tenant_id, "source": source, "since": since, "whole_at": whole_at})


async def load_reading(conn: AsyncConnection, tenant_id: UUID, job_id: UUID) -> Reading:
    stored = await conn.scalar(LOAD, {"tenant": tenant_id, "job": job_id})
    return to_reading(orjson.loads(stored)) if stored else Reading()


async def save_reading(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, reading: Reading) -> None:
    state = orjson.dumps(
        {
            "collections": {name: asdict(one) for name, one in reading.collections.items()},
            "missing": sorted(reading.missing),
            "plain": sorted(reading.plain),
            "without_role": reading.without_role,
        }
    ).decode()
    await conn.execute(SAVE, {"tenant": tenant_id, "job": job_id, "state": state})


def to_reading(stored: Mapping[str, Any]) -> Reading:
    collections = {
        name: Progress(**{**one, "before": tuple(one["before"])}) for name, one in stored["collections"].items()
    }
    return Reading(collections, frozenset(stored["missing"]), frozenset(stored["plain"]), stored["without_role"])


async def add_page(
    conn: AsyncConnection, tenant_id: UUID, job_id: UUID, number: int, contents: Mapping[str, bytes]
) -> None:
    """Keep a page's rows, by the file that they belong to."""
    asked = {"tenant": tenant_id, "job": job_id, "number": number}
    await conn.execute(ADD_PAGE, {**asked, "files": list(contents), "contents": list(contents.values())})


async def drop_pages(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, files: list[str]) -> None:
    await conn.execute(DROP_PAGES, {"tenant": tenant_id, "job": job_id, "files": files})


async def read_pages(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, file: str) -> AsyncIterator[bytes]:
    """A file's pages in order, one in memory at a time."""
    after = -1
    asked = {"tenant": tenant_id, "job": job_id, "file": file}
    while row := (await conn.execute(PAGE, {**asked, "after": after})).one_or_none():
        yield bytes(row.content)
        after = row.number


async def forget_reading(conn: AsyncConnection, tenant_id: UUID, job_id: UUID) -> None:
    """Forget what was read: it is full of personal data."""
    for statement in (FORGET_PAGES, FORGET_READING):
        await conn.execute(statement, {"tenant": tenant_id, "job": job_id})


def from_row(row: Row[Any]) -> RosterSync:
    return RosterSync(row.tenant_id, row.source, row.sealed, row.due_at, row.since, row.whole_at)
