"""Statements on upstreams, and on which of their commands came already."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.jobs import RoleWords
from usher_identity.domain.realms import Realm
from usher_identity.domain.rosters import Roster
from usher_identity.domain.upstreams import Upstream
from usher_identity.store.jobs import to_words

COLUMNS = """
    tenant_id, name, id, kind, org_id, quota, created_at, window_at, used, version, settings,
    (select words from role_mapping m where m.tenant_id = u.tenant_id and m.source = u.name) as words
"""
LOAD = text(f"""
    select {COLUMNS} from upstream u
    where removed_at is null and (tenant_id, name) in (
        select * from unnest(cast(:tenants as uuid[]), cast(:names as text[]))
    )
    order by tenant_id, name for update
""")
LIST = text(f"""
    select {COLUMNS} from upstream u
    where removed_at is null and tenant_id = any(cast(:tenants as uuid[]))
        and (cast(:units as uuid[]) is null or org_id = any(cast(:units as uuid[])))
        and (tenant_id, name) > (cast(:tenant as uuid), cast(:name as text))
    order by tenant_id, name limit :limit
""")
FIND = text(f"select {COLUMNS} from upstream u where removed_at is null and id = :id for update")
VERSION = text("select version from upstream where tenant_id = :tenant and name = :name for update")
SAVE = text("""
    insert into upstream (tenant_id, name, id, kind, org_id, quota, created_at, window_at, used, version,
        settings)
    select * from unnest(cast(:tenants as uuid[]), cast(:names as text[]), cast(:ids as uuid[]),
        cast(:kinds as text[]), cast(:orgs as uuid[]), cast(:quotas as integer[]), cast(:created as timestamptz[]),
        cast(:windows as timestamptz[]), cast(:used as integer[]), cast(:versions as bigint[]),
        cast(:settings as text[]))
    on conflict (tenant_id, name) do update
    set (id, kind, org_id, quota, created_at, removed_at, window_at, used, version, settings) = (excluded.id,
        excluded.kind, excluded.org_id, excluded.quota, excluded.created_at, null, excluded.window_at, excluded.used,
        excluded.version, excluded.settings)
""")
REMOVE = text("update upstream set removed_at = :at, version = :version where tenant_id = :tenant and name = :name")
KNOWN = text("""
    select i.tenant_id, i.source, i.id from upstream_inbox i
    join unnest(cast(:tenants as uuid[]), cast(:sources as text[]), cast(:ids as text[])) as came (tenant, source, id)
        on (i.tenant_id, i.source, i.id) = (came.tenant, came.source, came.id)
""")
RECEIVE = text("""
    insert into upstream_inbox (tenant_id, source, id, received_at)
    select tenant, source, id, :at
    from unnest(cast(:tenants as uuid[]), cast(:sources as text[]), cast(:ids as text[])) as came (tenant, source, id)
""")
FORGET = text("delete from upstream_inbox where received_at < :before")


async def load_upstreams_for_update(
    conn: AsyncConnection, named: Iterable[tuple[UUID, str]]
) -> dict[tuple[UUID, str], Upstream]:
    """These upstreams, by tenant and name, unless they were removed."""
    asked = sorted(named)
    rows = await conn.execute(LOAD, {"tenants": [tenant for tenant, _ in asked], "names": [name for _, name in asked]})
    return {(row.tenant_id, row.name): from_row(row) for row in rows}


async def find_upstream_for_update(conn: AsyncConnection, id_: UUID) -> Upstream | None:
    """The upstream, as far as the transaction sees it; None for one that was removed."""
    row = (await conn.execute(FIND, {"id": id_})).one_or_none()
    return from_row(row) if row else None


async def list_upstreams(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    after: Sequence[Any],
    limit: int,
) -> list[Upstream]:
    """Upstreams of these units, or of all, by tenant and name."""
    asked = {"tenants": tenants, "units": units, "tenant": after[0], "name": after[1], "limit": limit}
    return [from_row(row) for row in await conn.execute(LIST, asked)]


async def last_version(conn: AsyncConnection, tenant_id: UUID, name: str) -> int:
    """The version that an upstream of this name had last, removed or not; 0 where there was none."""
    return await conn.scalar(VERSION, {"tenant": tenant_id, "name": name}) or 0


async def save_upstreams(conn: AsyncConnection, upstreams: Sequence[Upstream]) -> None:
    await conn.execute(
        SAVE,
        {
            "tenants": [one.tenant_id for one in upstreams],
            "names": [one.name for one in upstreams],
            "ids": [one.id for one in upstreams],
            "kinds": [one.kind for one in upstreams],
            "orgs": [one.org_id for one in upstreams],
            "quotas": [one.quota for one in upstreams],
            "created": [one.created_at for one in upstreams],
            "windows": [one.window_at for one in upstreams],
            "used": [one.used for one in upstreams],
            "versions": [one.version for one in upstreams],
            "settings": [from_settings(one) for one in upstreams],
        },
    )


async def remove_upstream(conn: AsyncConnection, upstream: Upstream, at: datetime) -> None:
    """Hear it no more. Its row stays, so that a later one of this name goes on with its versions."""
    asked = {"tenant": upstream.tenant_id, "name": upstream.name, "version": upstream.version, "at": at}
    await conn.execute(REMOVE, asked)


CommandId = tuple[UUID, str, str]
"""Tenant, source and the id that the source gave."""


async def find_received(conn: AsyncConnection, commands: Sequence[CommandId]) -> set[CommandId]:
    """Which of these commands came already."""
    return {(row.tenant_id, row.source, row.id) for row in await conn.execute(KNOWN, columns(commands))}


async def receive(conn: AsyncConnection, commands: Sequence[CommandId], at: datetime) -> None:
    """Keep that these commands, which are not known yet, have come."""
    await conn.execute(RECEIVE, {**columns(commands), "at": at})


async def forget_received(conn: AsyncConnection, before: datetime) -> None:
    await conn.execute(FORGET, {"before": before})


def columns(commands: Sequence[CommandId]) -> dict[str, Any]:
    return {
        "tenants": [tenant for tenant, _, _ in commands],
        "sources": [source for _, source, _ in commands],
        "ids": [id_ for _, _, id_ in commands],
    }


def from_row(row: Row[Any]) -> Upstream:
    return Upstream(
        tenant_id=row.tenant_id,
        name=row.name,
        id=row.id,
        kind=row.kind,
        org_id=row.org_id,
        quota=row.quota,
        created_at=row.created_at,
        window_at=row.window_at,
        used=row.used,
        version=row.version,
        **to_ways(row.settings),
        words=to_words(row.words) if row.words else RoleWords(),
    )


def from_settings(one: Upstream) -> str:
    """What the upstream's way of coming needs to know."""
    ways = {"realm": one.realm, "roster": one.roster}
    return orjson.dumps({name: way for name, way in ways.items() if way is not None}).decode()


def to_ways(settings: str) -> dict[str, Any]:
    shapes = {"realm": Realm, "roster": Roster}
    return {name: shapes[name](**stored) for name, stored in orjson.loads(settings).items()}
