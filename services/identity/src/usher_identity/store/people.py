"""Statements on people: each loaded whole, with links and roles, and saved by what differs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.links import Link
from usher_identity.domain.people import Person
from usher_identity.domain.roles import HeldRole, Roles
from usher_identity.store.links import PERSON_LINKS, find_by_links, save_links
from usher_identity.store.person_parts import load_parts
from usher_identity.store.pseudonyms import load_pseudonyms
from usher_identity.store.roles import save_grants, save_removals

COLUMNS = """
    tenant_id, id, org_id, user_name, display_name, email, status, status_since, roles, role_since, version,
    profile_version, closed_by
"""
LOAD = text(f"select {COLUMNS} from person where id = any(cast(:ids as uuid[]))")
LOAD_FOR_UPDATE = text(f"select {COLUMNS} from person where id = any(cast(:ids as uuid[])) order by id for update")
PAGE = text(f"""
    select {COLUMNS} from person
    where (tenant_id, id) > (cast(cast(:tenant as text) as uuid), cast(cast(:after as text) as uuid))
    order by tenant_id, id limit :limit
""")
PLAN_BY_VALUES = text("select set_config('plan_cache_mode', 'force_custom_plan', true)")
"""A plan kept for any array looks through it for each of the tenant's rows; one made for this array hashes it."""

LOWERED = text("select name, lower(name) as key from unnest(cast(:names as text[])) as asked (name)")
BY_USER_NAME = text("""
    select user_name_key, array_agg(id order by id) as ids from person
    where tenant_id = :tenant and user_name_key = any(cast(:keys as text[])) group by user_name_key
""")
PLACES = text("select id, tenant_id, org_id from person where id = any(cast(:ids as uuid[]))")
SAVE = text("""
    insert into person (tenant_id, id, org_id, user_name, display_name, email, status, status_since, roles,
        role_since, version, profile_version, closed_by)
    select tenant, id, org, user_name, display_name, email, status, since, string_to_array(roles, ','),
        cast(string_to_array(role_since, ',') as timestamptz[]), version, profile_version,
        closed_by
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:orgs as uuid[]), cast(:user_names as text[]),
        cast(:display_names as text[]), cast(:emails as text[]), cast(:statuses as text[]),
        cast(:since as timestamptz[]), cast(:roles as text[]), cast(:role_since as text[]),
        cast(:versions as bigint[]), cast(:profile_versions as bigint[]),
        cast(:closed_by as uuid[])) as person (tenant, id, org, user_name, display_name, email, status, since, roles,
        role_since, version, profile_version, closed_by)
    on conflict (tenant_id, id) do update
    set (org_id, user_name, display_name, email, status, status_since, roles, role_since, version, profile_version,
        closed_by)
        = (excluded.org_id, excluded.user_name, excluded.display_name, excluded.email, excluded.status,
        excluded.status_since, excluded.roles, excluded.role_since, excluded.version, excluded.profile_version,
        excluded.closed_by)
""")


@dataclass(frozen=True, slots=True)
class Place:
    """A person's tenant, and the organization inside it."""

    tenant_id: UUID
    org_id: UUID


async def load_people(conn: AsyncConnection, ids: Iterable[UUID], *, for_update: bool = False) -> dict[UUID, Person]:
    """These people, as far as the transaction may see them; locked in order of id where asked."""
    rows = (await conn.execute(LOAD_FOR_UPDATE if for_update else LOAD, {"ids": sorted(ids)})).all()
    return {one.id: one for one in await with_parts(conn, rows)}


async def page_of_people(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[Person]:
    """People after a tenant and id, in this order, of all the tenants that the transaction is open for."""
    tenant, id_ = after
    rows = (await conn.execute(PAGE, {"tenant": tenant, "after": id_, "limit": limit})).all()
    return await with_parts(conn, rows)


async def with_parts(conn: AsyncConnection, rows: Sequence[Row[tuple[object, ...]]]) -> list[Person]:
    """The people of these rows, in their order, with links and roles."""
    if not rows:
        return []
    parts = await load_parts(conn, [row.id for row in rows])
    return [from_row(row, parts.links_of(row.id), parts.roles_of(row.id, held(row))) for row in rows]


async def find_people_by_link(
    conn: AsyncConnection, tenant_id: UUID, source: str, external_ids: Iterable[str]
) -> dict[str, UUID]:
    """The people whom `source` knows by these external ids; erased ones too, who are known by pseudonyms."""
    asked = (await load_pseudonyms(conn, [tenant_id])).asked(source, external_ids)
    found = await find_by_links(conn, PERSON_LINKS, tenant_id, source, asked)
    return {asked[stored]: id_ for stored, id_ in found.items()}


async def find_people_by_user_name(
    conn: AsyncConnection, tenant_id: UUID, user_names: Iterable[str]
) -> Mapping[str, Sequence[UUID]]:
    """The people of a tenant whose user name equals one of these in any case, by the name as it was asked."""
    await conn.execute(PLAN_BY_VALUES)
    keys = {row.name: row.key for row in await conn.execute(LOWERED, {"names": sorted(set(user_names))})}
    asked = {"tenant": tenant_id, "keys": sorted(set(keys.values()))}
    found: dict[str, Sequence[UUID]] = {row.user_name_key: row.ids for row in await conn.execute(BY_USER_NAME, asked)}
    return {name: found[key] for name, key in keys.items() if key in found}


async def find_places(conn: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, Place]:
    """Where these people are."""
    rows = await conn.execute(PLACES, {"ids": sorted(ids)})
    return {row.id: Place(row.tenant_id, row.org_id) for row in rows}


async def save_people(conn: AsyncConnection, changes: Sequence[Change[Person]]) -> None:
    """Write these people, and what differs of their links, grants and removals."""
    if not changes:
        return
    await conn.execute(SAVE, to_columns([change.after for change in changes]))
    await save_links(conn, PERSON_LINKS, changes)
    await save_grants(conn, changes)
    await save_removals(conn, changes)


def to_columns(people: Sequence[Person]) -> dict[str, list[object]]:
    return {
        "tenants": [one.tenant_id for one in people],
        "ids": [one.id for one in people],
        "orgs": [one.org_id for one in people],
        "user_names": [one.user_name for one in people],
        "display_names": [one.display_name for one in people],
        "emails": [one.email for one in people],
        "statuses": [one.status for one in people],
        "since": [one.status_since for one in people],
        "roles": [",".join(role.role for role in one.roles.held) for one in people],
        "role_since": [",".join(role.since.isoformat() for role in one.roles.held) for one in people],
        "versions": [one.version for one in people],
        "profile_versions": [one.profile_version for one in people],
        "closed_by": [one.closed_by for one in people],
    }


def held(row: Row[tuple[object, ...]]) -> tuple[HeldRole, ...]:
    return tuple(HeldRole(role, since) for role, since in zip(row.roles, row.role_since, strict=True))


def from_row(row: Row[tuple[object, ...]], links: tuple[Link, ...], roles: Roles) -> Person:
    return Person(
        row.tenant_id,
        row.id,
        row.org_id,
        row.user_name,
        row.display_name,
        row.email,
        row.status,
        row.status_since,
        roles,
        links,
        row.version,
        row.profile_version,
        row.closed_by,
    )
