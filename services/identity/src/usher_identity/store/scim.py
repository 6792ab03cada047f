"""Statements on the resources of SCIM clients: what a request needs loaded at once, and saved at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.scim import Saved, Space, Stored

COLUMNS = "id, kind, resource, version, created_at, changed_at"
LOAD = text(f"""
    select {COLUMNS} from scim_resource
    where tenant_id = :tenant and source = :source and id = any(cast(:ids as text[]))
""")
TAKEN = text("""
    select name, id from scim_resource
    where tenant_id = :tenant and source = :source and kind = 'User' and name = any(cast(:names as text[]))
        and id <> all(cast(:but as text[]))
""")
USERS = text("""
    select id from scim_resource
    where tenant_id = :tenant and source = :source and kind = 'User' and id = any(cast(:ids as text[]))
""")
SAVE = text("""
    insert into scim_resource as r (tenant_id, source, id, kind, name, external_id, words, resource, searched, version,
        said, mapped_version, created_at, changed_at)
    select :tenant, :source, id, kind, name, external_id, string_to_array(words, chr(10)), resource,
        cast(searched as jsonb), version, 0, 0, created_at, changed_at
    from unnest(cast(:ids as text[]), cast(:kinds as text[]), cast(:names as text[]), cast(:external_ids as text[]),
        cast(:words as text[]), cast(:resources as text[]), cast(:searched as text[]), cast(:versions as bigint[]),
        cast(:created as timestamptz[]), cast(:changed as timestamptz[]))
        as said (id, kind, name, external_id, words, resource, searched, version, created_at, changed_at)
    on conflict (tenant_id, source, id) do update
    set (name, external_id, words, resource, searched, version, changed_at) = (excluded.name, excluded.external_id,
        excluded.words, excluded.resource, excluded.searched, excluded.version, excluded.changed_at)
""")
FORGET_EMAILS = text("""
    delete from scim_email where tenant_id = :tenant and source = :source and user_id = any(cast(:ids as text[]))
""")
SAVE_EMAILS = text("""
    insert into scim_email (tenant_id, source, email, user_id)
    select :tenant, :source, email, user_id
    from unnest(cast(:emails as text[]), cast(:users as text[])) as said (email, user_id)
    on conflict do nothing
""")
REMOVE = text("""
    delete from scim_resource where tenant_id = :tenant and source = :source and id = any(cast(:ids as text[]))
""")


async def load_resources(conn: AsyncConnection, space: Space, ids: Collection[str]) -> dict[str, Stored]:
    """Those of these resources that are there."""
    rows = await conn.execute(LOAD, {**of(space), "ids": list(ids)})
    return {row.id: from_row(row) for row in rows}


async def find_taken(conn: AsyncConnection, space: Space, names: Collection[str], but: Collection[str]) -> set[str]:
    """Which of these user names others have."""
    asked = {**of(space), "names": list(names), "but": list(but)}
    return {row.name for row in await conn.execute(TAKEN, asked)}


async def find_users(conn: AsyncConnection, space: Space, ids: Collection[str]) -> set[str]:
    """Which of these are users here."""
    return set(await conn.scalars(USERS, {**of(space), "ids": list(ids)}))


async def save_resources(conn: AsyncConnection, space: Space, saved: Sequence[Saved]) -> None:
    """Keep resources that are new or differ, and the addresses by which users are found."""
    if not saved:
        return
    await conn.execute(
        SAVE,
        {
            **of(space),
            "ids": [one.stored.id for one in saved],
            "kinds": [one.stored.kind for one in saved],
            "names": [one.name for one in saved],
            "external_ids": [one.external_id for one in saved],
            "words": ["\n".join(one.words) for one in saved],
            "resources": [one.stored.resource for one in saved],
            "searched": [one.searched for one in saved],
            "versions": [one.stored.version for one in saved],
            "created": [one.stored.created_at for one in saved],
            "changed": [one.stored.changed_at for one in saved],
        },
    )
    emails = [(email, one.stored.id) for one in saved for email in one.emails]
    await conn.execute(FORGET_EMAILS, {**of(space), "ids": [one.stored.id for one in saved]})
    if emails:
        named = {"emails": [email for email, _ in emails], "users": [user for _, user in emails]}
        await conn.execute(SAVE_EMAILS, {**of(space), **named})


async def remove_resources(conn: AsyncConnection, space: Space, ids: Collection[str]) -> None:
    """Forget these resources, and the addresses by which they were found."""
    if ids:
        for statement in (REMOVE, FORGET_EMAILS):
            await conn.execute(statement, {**of(space), "ids": list(ids)})


def of(space: Space) -> dict[str, UUID | str]:
    return {"tenant": space.tenant_id, "source": space.source}


def from_row(row: Row[Any]) -> Stored:
    return Stored(row.id, row.kind, row.resource, row.version, row.created_at, row.changed_at)


def by_first(rows: Iterable[Row[Any]]) -> Mapping[str, list[Row[Any]]]:
    """Rows by their first column, in order."""
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found
