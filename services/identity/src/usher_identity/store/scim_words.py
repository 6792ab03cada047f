"""Statements on what SCIM users' roles are said to be: their own words, and those of the groups they are in."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.scim import Space
from usher_identity.store.scim import of

BEHIND = text("""
    select id from scim_resource
    where tenant_id = :tenant and source = :source and kind = 'User' and mapped_version < :version
        and id <> all(cast(:but as text[]))
    order by mapped_version, id limit :limit
""")
SAY = text("""
    update scim_resource set said = said + 1, mapped_version = :version
    where tenant_id = :tenant and source = :source and id = any(cast(:ids as text[]))
    returning id, said, words
""")
GROUP_WORDS = text("""
    select m.user_id, g.words from scim_member m
    join scim_resource g on g.tenant_id = m.tenant_id and g.source = m.source and g.id = m.group_id
    where m.tenant_id = :tenant and m.source = :source and m.user_id = any(cast(:ids as text[]))
        and g.words && cast(:mapped as text[])
""")
SPACES_BEHIND = text("""
    select u.tenant_id, u.name from upstream u
    where u.kind = 'scim' and u.removed_at is null and exists (
        select 1 from scim_resource r where r.tenant_id = u.tenant_id and r.source = u.name and r.kind = 'User'
            and r.mapped_version < u.version)
    order by u.tenant_id, u.name limit :limit
""")


async def find_behind(
    conn: AsyncConnection, space: Space, version: int, limit: int, but: Collection[str] = ()
) -> list[str]:
    """Users whose roles were last said by a mapping before this version of the upstream, or are to be said anew."""
    asked = {**of(space), "version": version, "limit": limit, "but": list(but)}
    return list(await conn.scalars(BEHIND, asked))


async def say_by(conn: AsyncConnection, space: Space, ids: Collection[str], version: int) -> dict[str, Any]:
    """Number the next word on each of these users, said by this version of the mapping; with the users' own words."""
    rows = await conn.execute(SAY, {**of(space), "ids": list(ids), "version": version})
    return {row.id: row for row in rows}


async def load_group_words(
    conn: AsyncConnection, space: Space, ids: Collection[str], mapped: Collection[str]
) -> dict[str, set[str]]:
    """The words among `mapped` that the groups of each of these users stand for."""
    found: dict[str, set[str]] = {}
    for row in await conn.execute(GROUP_WORDS, {**of(space), "ids": list(ids), "mapped": list(mapped)}):
        found.setdefault(row.user_id, set()).update(set(row.words).intersection(mapped))
    return found


async def find_spaces_behind(conn: AsyncConnection, limit: int) -> list[tuple[UUID, str]]:
    """Upstreams with users whose roles are to be said anew, by tenant and name."""
    return [(row.tenant_id, row.name) for row in await conn.execute(SPACES_BEHIND, {"limit": limit})]
