"""Statements on role grants, one a source, and on the removals that stand against them."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change, difference
from usher_identity.domain.people import Person
from usher_identity.domain.roles import Grant, Removal

REMOVE_GRANTS = text("""
    delete from role_grant g
    using unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:roles as text[]), cast(:sources as text[]))
        as gone (tenant_id, person_id, role, source)
    where (g.tenant_id, g.person_id, g.role, g.source) = (gone.tenant_id, gone.person_id, gone.role, gone.source)
""")
SAVE_GRANTS = text("""
    insert into role_grant (tenant_id, person_id, role, source, since)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:roles as text[]),
        cast(:sources as text[]), cast(:since as timestamptz[]))
""")
LIFT_REMOVALS = text("""
    delete from role_removal r
    using unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:roles as text[]))
        as gone (tenant_id, person_id, role)
    where (r.tenant_id, r.person_id, r.role) = (gone.tenant_id, gone.person_id, gone.role)
""")
SAVE_REMOVALS = text("""
    insert into role_removal (tenant_id, person_id, role, removed_at, removed_by)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:roles as text[]),
        cast(:removed as timestamptz[]), cast(:removed_by as text[]))
""")


async def save_grants(conn: AsyncConnection, changes: Sequence[Change[Person]]) -> None:
    """Remove the grants that have gone, write those that are new."""
    differs = difference(changes, lambda person: person.roles.grants)
    if differs.gone:
        gone = {"sources": [grant.source for _, grant in differs.gone]}
        await conn.execute(REMOVE_GRANTS, {**keys(differs.gone), **gone})
    if differs.new:
        new = {
            "sources": [grant.source for _, grant in differs.new],
            "since": [grant.since for _, grant in differs.new],
        }
        await conn.execute(SAVE_GRANTS, {**keys(differs.new), **new})


async def save_removals(conn: AsyncConnection, changes: Sequence[Change[Person]]) -> None:
    """Lift the removals that have gone, write those that are new."""
    differs = difference(changes, lambda person: person.roles.removals)
    if differs.gone:
        await conn.execute(LIFT_REMOVALS, keys(differs.gone))
    if differs.new:
        new = {
            "removed": [removal.removed_at for _, removal in differs.new],
            "removed_by": [removal.removed_by for _, removal in differs.new],
        }
        await conn.execute(SAVE_REMOVALS, {**keys(differs.new), **new})


def keys(parts: Sequence[tuple[Person, Grant | Removal]]) -> dict[str, list[object]]:
    return {
        "tenants": [person.tenant_id for person, _ in parts],
        "people": [person.id for person, _ in parts],
        "roles": [part.role for _, part in parts],
    }
