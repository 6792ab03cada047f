"""Statements on calendars, and on the academic sessions that sources tell."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.academic_sessions import AcademicSession
from usher_identity.domain.calendars import Break, Breaks, Calendar

LOAD = text("""
    select tenant_id, org_id, entered, sourced, version from calendar
    where org_id = any(cast(:orgs as uuid[])) order by org_id for update
""")
WAY_UP = text("""
    with recursive up as (
        select tenant_id, id, parent_id, 0 as distance from organization where id = :org
        union all
        select o.tenant_id, o.id, o.parent_id, up.distance + 1
        from up join organization o on o.tenant_id = up.tenant_id and o.id = up.parent_id
    )
    select up.tenant_id, up.id as org_id, c.entered, c.sourced, coalesce(c.version, 0) as version
    from up left join calendar c on c.tenant_id = up.tenant_id and c.org_id = up.id
    order by up.distance
""")
SAVE = text("""
    insert into calendar (tenant_id, org_id, entered, sourced, version)
    select * from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:entered as text[]),
        cast(:sourced as text[]), cast(:versions as bigint[]))
    on conflict (tenant_id, org_id) do update
    set (entered, sourced, version) = (excluded.entered, excluded.sourced, excluded.version)
""")
SESSIONS = text("""
    select tenant_id, source, external_id, title, first, last from academic_session
    where tenant_id = any(cast(:tenants as uuid[]))
""")
PAGE = text("""
    select tenant_id, org_id, entered, sourced, version from calendar
    where (tenant_id, org_id) > (cast(cast(:tenant as text) as uuid), cast(cast(:after as text) as uuid))
        and version > 0
    order by tenant_id, org_id limit :limit
""")
REMOVE_SESSIONS = text("""
    delete from academic_session where tenant_id = any(cast(:tenants as uuid[])) and source = :source
""")
ADD_SESSIONS = text("""
    insert into academic_session (tenant_id, source, external_id, title, first, last)
    select tenant, :source, external_id, title, first, last
    from unnest(cast(:tenants as uuid[]), cast(:external_ids as text[]), cast(:titles as text[]),
        cast(:firsts as date[]), cast(:lasts as date[])) as told (tenant, external_id, title, first, last)
""")


async def load_calendars(conn: AsyncConnection, orgs: Sequence[tuple[UUID, UUID]]) -> dict[UUID, Calendar]:
    """The own calendars of these organizations (tenant, id), locked; those that have none are as yet unsaved."""
    rows = await conn.execute(LOAD, {"orgs": [org for _, org in orgs]})
    return {org: Calendar(tenant, org) for tenant, org in orgs} | {row.org_id: from_row(row) for row in rows}


async def load_way_up(conn: AsyncConnection, org_id: UUID) -> list[Calendar]:
    """The own calendars of an organization and of those above it, nearest first."""
    return [from_row(row) for row in await conn.execute(WAY_UP, {"org": org_id})]


async def page_of_calendars(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[Calendar]:
    """Calendars that were told, after a tenant and organization, in this order, of all that the transaction sees."""
    tenant, org_id = after
    rows = await conn.execute(PAGE, {"tenant": tenant, "after": org_id, "limit": limit})
    return [from_row(row) for row in rows]


async def save_calendars(conn: AsyncConnection, calendars: Sequence[Calendar]) -> None:
    if not calendars:
        return
    await conn.execute(
        SAVE,
        {
            "tenants": [one.tenant_id for one in calendars],
            "orgs": [one.org_id for one in calendars],
            "entered": [to_text(one.entered) for one in calendars],
            "sourced": [to_text(one.sourced) for one in calendars],
            "versions": [one.version for one in calendars],
        },
    )


async def load_sessions(
    conn: AsyncConnection, tenants: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, Mapping[str, AcademicSession]]]:
    """The sessions of these tenants: by tenant, source and external id."""
    found: dict[UUID, dict[str, dict[str, AcademicSession]]] = defaultdict(lambda: defaultdict(dict))
    for row in await conn.execute(SESSIONS, {"tenants": list(tenants)}):
        found[row.tenant_id][row.source][row.external_id] = AcademicSession(
            row.external_id, row.title, row.first, row.last
        )
    return found


async def replace_sessions(conn: AsyncConnection, source: str, told: Mapping[UUID, Iterable[AcademicSession]]) -> None:
    """Keep these as all that a source says of each tenant's sessions."""
    rows = [(tenant, session) for tenant, sessions in told.items() for session in sessions]
    await conn.execute(REMOVE_SESSIONS, {"tenants": list(told), "source": source})
    await conn.execute(
        ADD_SESSIONS,
        {
            "source": source,
            "tenants": [tenant for tenant, _ in rows],
            "external_ids": [session.external_id for _, session in rows],
            "titles": [session.title for _, session in rows],
            "firsts": [session.first for _, session in rows],
            "lasts": [session.last for _, session in rows],
        },
    )


def from_row(row: Row[Any]) -> Calendar:
    return Calendar(row.tenant_id, row.org_id, from_text(row.entered), from_text(row.sourced), row.version)


def to_text(breaks: Breaks | None) -> str | None:
    return None if breaks is None else orjson.dumps([(one.first, one.last, one.name) for one in breaks]).decode()


def from_text(written: str | None) -> Breaks | None:
    if written is None:
        return None
    return tuple(
        Break(date.fromisoformat(first), date.fromisoformat(last), name) for first, last, name in orjson.loads(written)
    )
