"""People as last decided about: locked, loaded and saved with the configuration they were decided under."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.people import HeldRole, Person
from usher_kit.database import Contended

COLUMNS = "p.tenant_id, p.id, p.org_id, p.status, p.status_since, p.roles, p.role_since, p.version, p.config_version"

LOCK = text(f"""
    select {COLUMNS}
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[])) as named (tenant_id, id)
    join person p on p.tenant_id = named.tenant_id and p.id = named.id
    order by p.id for update of p
""")
PENDING = text("""
    select tenant_id, id from person
    where tenant_id = any(cast(:tenants as uuid[])) and org_id = any(cast(:orgs as uuid[])) and config_version = 0
""")
FIND = text(f"select {COLUMNS} from person p where p.id = :id")
LOAD = text(f"select {COLUMNS} from person p where p.tenant_id = :tenant and p.id = any(cast(:ids as uuid[]))")
FOREIGN = text("""
    select p.id from person p
    where p.id = any(cast(:users as uuid[])) and p.org_id <> all(cast(:units as uuid[]))
    union all
    select named.id from unnest(cast(:orgs as uuid[])) as named (id)
    where not exists (select from organization o where o.id = named.id
                      and (cast(:units as uuid[]) is null or o.id = any(cast(:units as uuid[]))))
    limit 1
""")

# Arrays of arrays must be rectangular, so roles travel as one text a person and are taken apart here.
FRESH = """
    (select tenant_id, id, org_id, status, status_since, string_to_array(roles, ',') as roles,
            cast(string_to_array(role_since, ',') as timestamptz[]) as role_since, version, config_version
     from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:orgs as uuid[]), cast(:statuses as text[]),
        cast(:since as timestamptz[]), cast(:roles as text[]), cast(:role_since as text[]), cast(:versions as bigint[]),
        cast(:config_versions as bigint[]))
        as f (tenant_id, id, org_id, status, status_since, roles, role_since, version, config_version)) as fresh
"""
INSERT = text(f"""
    insert into person (tenant_id, id, org_id, status, status_since, roles, role_since, version, config_version)
    select * from {FRESH} on conflict do nothing
""")
UPDATE = text(f"""
    update person p set (org_id, status, status_since, roles, role_since, version, config_version)
        = (fresh.org_id, fresh.status, fresh.status_since, fresh.roles, fresh.role_since, fresh.version,
           fresh.config_version)
    from {FRESH} where p.tenant_id = fresh.tenant_id and p.id = fresh.id
""")


async def lock_people(conn: AsyncConnection, users: Mapping[UUID, UUID]) -> dict[UUID, Person]:
    """Those of these people (ids with their tenants) who are known, locked by id."""
    rows = await conn.execute(LOCK, {"tenants": list(users.values()), "ids": list(users)})
    return {row.id: from_row(row) for row in rows}


async def find_pending(conn: AsyncConnection, tenants: Sequence[UUID], orgs: Sequence[UUID]) -> dict[UUID, UUID]:
    """People, with their tenants, who came before these organizations of theirs and wait to be decided about."""
    return {row.id: row.tenant_id for row in await conn.execute(PENDING, {"tenants": tenants, "orgs": orgs})}


async def find_person(conn: AsyncConnection, user_id: UUID) -> Person | None:
    """A person of the transaction's tenants, as last told."""
    row = (await conn.execute(FIND, {"id": user_id})).one_or_none()
    return from_row(row) if row else None


async def load_people(conn: AsyncConnection, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Person]:
    """Those of these people who are known, as last told."""
    rows = await conn.execute(LOAD, {"tenant": tenant_id, "ids": list(ids)})
    return {row.id: from_row(row) for row in rows}


async def find_foreign(
    conn: AsyncConnection, users: Sequence[UUID], orgs: Sequence[UUID], units: Sequence[UUID] | None
) -> UUID | None:
    """The first of these known people and of these organizations that is not of `units` (None is all)."""
    values = {"users": list(users), "orgs": list(orgs), "units": None if units is None else list(units)}
    found: UUID | None = await conn.scalar(FOREIGN, values)
    return found


async def save_people(conn: AsyncConnection, new: Sequence[Person], known: Sequence[Person]) -> None:
    """Save people who were not known, and those that are locked.

    Raises Contended when another transaction brought one of the new ones meanwhile.
    """
    if new and (await conn.execute(INSERT, to_columns(new))).rowcount < len(new):
        raise Contended("a person came from two deliveries at once")
    if known:
        await conn.execute(UPDATE, to_columns(known))


def to_columns(people: Sequence[Person]) -> dict[str, list[Any]]:
    """People as arrays, one a column."""
    return {
        "tenants": [person.tenant_id for person in people],
        "ids": [person.id for person in people],
        "orgs": [person.org_id for person in people],
        "statuses": [person.status for person in people],
        "since": [person.status_since for person in people],
        "roles": [",".join([held.role for held in person.roles]) for person in people],
        "role_since": [",".join([held.since.isoformat() for held in person.roles]) for person in people],
        "versions": [person.version for person in people],
        "config_versions": [person.config_version for person in people],
    }


def from_row(row: Sequence[Any]) -> Person:
    tenant_id, id_, org_id, status, status_since, roles, role_since, version, config_version = row
    held = [HeldRole(role, since) for role, since in zip(roles, role_since, strict=True)]
    return Person(tenant_id, id_, org_id, status, status_since, held, version, config_version)
