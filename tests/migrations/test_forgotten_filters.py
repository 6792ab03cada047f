"""The query whose filter was forgotten, tried on every table of every service: the database itself stops it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.database import Database, app_role
from usher_kit.ids import new_id

from .test_in_step import SERVICES

OWN, OTHER = new_id(), new_id()
REFUSED = ("permission denied", "row-level security")
COLUMNS = """
    select case when c.relnamespace = 'public'::regnamespace then '' else 'past.' end || c.relname as table,
        c.relkind in ('v', 'm') as is_view,
        array_agg(a.attname::text order by a.attnum) as names,
        array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum) as types
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relnamespace in ('public'::regnamespace, to_regnamespace('past'))
        and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''
    group by c.oid having bool_or(a.attname = 'tenant_id') order by 1
"""
SOME: dict[str, str] = {
    "bytea": "''",
    "boolean": "true",
    "jsonb": "'{}'",
    "date": "current_date",
    "timestamp with time zone": "clock_timestamp()",
}
"""A value of each other type; arrays are empty, and numbers given."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A table or a view that says of which tenant each of its rows is."""

    table: str
    is_view: bool
    names: Sequence[str]
    types: Sequence[str]

    def row(self, tenant: str, number: str) -> str:
        """An insert of one row of `tenant`."""
        values = [
            tenant if name == "tenant_id" else value_of(kind, tenant, number)
            for name, kind in zip(self.names, self.types, strict=True)
        ]
        columns = ", ".join(f'"{name}"' for name in self.names)
        return f"insert into {self.table} ({columns}) select {', '.join(values)}"

    @property
    def writes(self) -> list[str]:
        """What would change or bring in rows of the other tenant, had the database no wall."""
        other = f"'{OTHER}'::uuid"
        return [
            f"update {self.table} set tenant_id = tenant_id",
            f"update {self.table} set tenant_id = {other}",
            f"delete from {self.table}",
            f"truncate {self.table}",
            self.row(other, "9"),
            f"{self.row(other, '9')} on conflict do nothing",
        ]


def value_of(kind: str, tenant: str, number: str) -> str:
    """A value of a type. Ids and texts are the same in every table, so that views find what belongs together."""
    if kind in ("uuid", "text"):
        return f"md5({tenant}::text || '{number}')::{kind}"
    return "'{}'" if kind.endswith("[]") else SOME.get(kind, number)


def settle(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


@asynccontextmanager
async def owner(url: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(url)
    try:
        yield conn
    finally:
        await conn.close()


async def fill(url: str) -> list[Subject]:
    """Rows of two tenants in every table that has tenants' rows."""
    async with owner(url) as conn:
        subjects = await subjects_of(url)
        await conn.execute("set session_replication_role = replica")  # rows that no trigger has an opinion on
        for subject in [one for one in subjects if not one.is_view]:
            await conn.execute(f"{subject.row('t', '1')} from unnest(array['{OWN}', '{OTHER}']::uuid[]) t")
        await conn.executemany("insert into tenant values ($1) on conflict do nothing", [[OWN], [OTHER]])
    return subjects


async def leaks(url: str, service: str, subjects: Sequence[Subject]) -> set[str]:
    """The tables that let the service see or change another tenant's rows by a query without its filter."""
    database = Database.connect(url, service, connections=1)
    found: set[str] = set()
    try:
        for tenants in ([OWN], []):
            async with database.transaction(tenants) as conn:
                await conn.execute(text("select set_config('usher.at', 'infinity', true)"))  # what `past` shows
                found |= {one.table for one in subjects if not await stands(conn, one, tenants)}
    finally:
        await database.close()
    return found


async def stands(conn: AsyncConnection, subject: Subject, tenants: Sequence[UUID]) -> bool:
    """Whether the wall around one table stands, in a transaction that is open for `tenants`."""
    seen = (await conn.scalars(text(f"select tenant_id from {subject.table}"))).all()
    writes = [] if subject.is_view else subject.writes
    return seen == tenants and not any([await changed(conn, write, len(tenants)) for write in writes])


async def changed(conn: AsyncConnection, write: str, own: int) -> bool:
    """Whether a write got at more than the `own` rows, or brought one in. What it did is undone."""
    attempt = await conn.begin_nested()
    try:
        rows = (await conn.execute(text(write))).rowcount
        # Rows of its own may be touched as they are; none may be given away or brought in.
        return bool(rows > own or (rows and str(OTHER) in write) or write.startswith("truncate"))
    except DBAPIError as error:
        if not any(reason in str(error) for reason in REFUSED):
            raise
        return False
    finally:
        if attempt.is_active:
            await attempt.rollback()


@pytest.mark.parametrize("service", SERVICES)
def test_a_query_that_forgets_its_filter_is_stopped_at_every_table(
    service: str, new_database: Callable[[str], str]
) -> None:
    """For the service as it runs, and were it to run as the tables' owner: policies that are forced hold for both."""
    url, role = new_database(service), app_role(service)
    subjects = settle(fill(url))
    assert len(subjects) > 10
    assert settle(leaks(url, service, subjects)) == set()
    for own in ("alter table {} owner to {}", "revoke truncate on {} from {}"):
        settle(run(url, *(own.format(one.table, role) for one in subjects)))
    assert settle(leaks(url, service, subjects)) == set()


BREACHES = {
    "without its policy": "drop policy tenant on mute",
    "without row-level security": "alter table mute disable row level security",
    "open to all": "create policy too_much on mute using (true)",
    "open to who reads": "create policy too_much on mute for select using (true)",
    "open to who adds": "create policy too_much on mute for insert with check (true)",
    "open to its owner": "alter table mute no force row level security; alter table mute owner to usher_notifications",
    "shown by a view": "create view too_much as select * from mute; grant select on too_much to usher_notifications",
}


@pytest.mark.parametrize("breach", BREACHES.values(), ids=BREACHES)
def test_a_table_is_found_that_is(breach: str, new_database: Callable[[str], str]) -> None:
    url = new_database("notifications")
    settle(fill(url))
    settle(run(url, breach))
    trying = [one for one in settle(subjects_of(url)) if one.table in ("mute", "too_much")]
    assert settle(leaks(url, "notifications", trying))


async def run(url: str, *statements: str) -> None:
    async with owner(url) as conn:
        for statement in statements:
            await conn.execute(statement)


async def subjects_of(url: str) -> list[Subject]:
    async with owner(url) as conn:
        return [Subject(*row) for row in await conn.fetch(COLUMNS)]
