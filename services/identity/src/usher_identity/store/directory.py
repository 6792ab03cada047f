"""What lists show: people and organizations found by filters, a page at a time, in order of name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

LAST = "\U0010ffff"
"""Sorts after every other character: `prefix <= key < prefix + LAST` is a search by prefix that an index answers."""

VISIBLE = "tenant_id = any(cast(:tenants as uuid[]))"
IN_UNITS = "org_id = any(cast(:units as uuid[]))"
ORDER = "order by name_key, id limit :limit"
AFTER = '(name_key, id) > (cast(:after_key as text) collate "C", cast(:after_id as uuid))'
MATCHES = " or ".join(
    f"({key} >= :q and {key} < :q_end)" for key in ("name_key", "family_key", "user_name_key", "email_key")
)
IDENTIFIED = """
    id in (
        select id from person where user_name_key = :identifier
        union all select id from person where email_key = :identifier
        union all select person_id from person_link where external_key = :identifier
        union all select cast(:identifier_id as uuid)
    )
"""


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What to list people by; what is none does not filter. `units` are all units that may be seen, or none for all."""

    tenants: Sequence[UUID]
    units: Sequence[UUID] | None = None
    role: str | None = None
    status: str | None = None
    q: str | None = None
    """The beginning of a name, family name, user name or email, in any case."""
    identifier: str | None = None
    """Exactly an id, user name, email or external id, in any case."""


@dataclass(frozen=True, slots=True)
class OrganizationsFilter:
    """What to list organizations by."""

    tenants: Sequence[UUID]
    units: Sequence[UUID] | None = None
    parent_id: UUID | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a page: its id, and the key that it sorts by."""

    id: UUID
    key: str


async def find_people(conn: AsyncConnection, by: PeopleFilter, after: Sequence[Any] | None, limit: int) -> list[Found]:
    """People by name, those after the cursor's (name, id), at most `limit`."""
    values: dict[str, Any] = {"tenants": list(by.tenants), "units": by.units, "role": by.role, "status": by.status}
    where = [VISIBLE]
    if by.units is not None:
        where.append(IN_UNITS)
    if by.role is not None:
        where.append("cast(:role as text) = any(roles)")
    if by.status is not None:
        where.append("status = :status")
    if by.q:
        where.append(MATCHES)
        values |= prefix(by.q)
    if by.identifier is not None:
        where.append(IDENTIFIED)
        values |= {"identifier": by.identifier.strip().lower(), "identifier_id": as_id(by.identifier)}
    return await found(conn, "person", where, values, after, limit)


async def find_organizations(
    conn: AsyncConnection, by: OrganizationsFilter, after: Sequence[Any] | None, limit: int
) -> list[Found]:
    """Organizations by name, those after the cursor's (name, id), at most `limit`."""
    values: dict[str, Any] = {"tenants": list(by.tenants), "units": by.units, "parent": by.parent_id}
    where = [VISIBLE]
    if by.units is not None:
        where.append("id = any(cast(:units as uuid[]))")
    if by.parent_id is not None:
        where.append("parent_id = :parent")
    if by.q:
        where.append("name_key >= :q and name_key < :q_end")
        values |= prefix(by.q)
    return await found(conn, "organization", where, values, after, limit)


async def found(
    conn: AsyncConnection,
    table: str,
    where: Sequence[str],
    values: dict[str, Any],
    after: Sequence[Any] | None,
    limit: int,
) -> list[Found]:
    values["limit"] = limit
    if after is not None:
        where = [*where, AFTER]
        values |= {"after_key": after[0], "after_id": after[1]}
    rows = await conn.execute(select(table, where), values)
    return [Found(row.id, row.name_key) for row in rows]


def select(table: str, where: Sequence[str]) -> TextClause:
    """The statement, made of the constants of this module alone."""
    conditions = " and ".join(f"({condition})" for condition in where)
    return text(f"select id, name_key from {table} where {conditions} {ORDER}")


def prefix(q: str) -> dict[str, str]:
    begun = q.strip().lower()
    return {"q": begun, "q_end": begun + LAST}


def as_id(identifier: str) -> UUID | None:
    try:
        return UUID(identifier.strip())
    except ValueError:
        return None
