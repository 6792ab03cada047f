"""Statements on who is a member of which SCIM group: a row each, so that a change costs what changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.scim import Space
from usher_identity.store.scim import by_first, of

Membership = tuple[str, str]
"""A group's id and a user's."""

ALL = text("""
    select group_id, user_id from scim_member
    where tenant_id = :tenant and source = :source and group_id = any(cast(:groups as text[]))
""")
SOME = text("""
    select m.group_id, m.user_id from scim_member m
    join unnest(cast(:groups as text[]), cast(:users as text[])) as asked (group_id, user_id)
        on (m.group_id, m.user_id) = (asked.group_id, asked.user_id)
    where m.tenant_id = :tenant and m.source = :source
""")
ADD = text("""
    insert into scim_member (tenant_id, source, group_id, user_id)
    select :tenant, :source, group_id, user_id
    from unnest(cast(:groups as text[]), cast(:users as text[])) as said (group_id, user_id)
    on conflict do nothing
""")
TAKE = text("""
    delete from scim_member m
    using unnest(cast(:groups as text[]), cast(:users as text[])) as said (group_id, user_id)
    where m.tenant_id = :tenant and m.source = :source and (m.group_id, m.user_id) = (said.group_id, said.user_id)
""")
TOUCH = text("""
    update scim_resource r set mapped_version = 0, version = r.version + 1, changed_at = :at
    where r.tenant_id = :tenant and r.source = :source and r.kind = 'User' and (r.id = any(cast(:users as text[]))
        or r.id in (select m.user_id from scim_member m where m.tenant_id = :tenant and m.source = :source
            and m.group_id = any(cast(:groups as text[]))))
""")
TOUCH_GROUPS = text("""
    update scim_resource r set version = r.version + 1, changed_at = :at
    where r.tenant_id = :tenant and r.source = :source and r.kind = 'Group' and r.id in (
        select m.group_id from scim_member m where m.tenant_id = :tenant and m.source = :source
            and m.user_id = any(cast(:users as text[])))
""")
REMOVE_GROUPS = text("""
    delete from scim_member where tenant_id = :tenant and source = :source and group_id = any(cast(:ids as text[]))
""")
REMOVE_USERS = text("""
    delete from scim_member where tenant_id = :tenant and source = :source and user_id = any(cast(:ids as text[]))
""")
MEMBERS = text("""
    select group_id, user_id from scim_member
    where tenant_id = :tenant and source = :source and group_id = any(cast(:ids as text[]))
    order by group_id, user_id
""")
GROUPS = text("""
    select m.user_id, m.group_id, cast(r.resource as jsonb) ->> 'displayName' as display
    from scim_member m
    join scim_resource r on r.tenant_id = m.tenant_id and r.source = m.source and r.id = m.group_id
    where m.tenant_id = :tenant and m.source = :source and m.user_id = any(cast(:ids as text[]))
    order by m.user_id, m.group_id
""")
COUNT = text("""
    select count(*) from scim_member
    where tenant_id = :tenant and source = :source and group_id = any(cast(:ids as text[]))
""")


async def load_memberships(
    conn: AsyncConnection, space: Space, whole: Collection[str], some: Iterable[Membership]
) -> set[Membership]:
    """All members of some groups, and of others those that are asked for."""
    found: set[Membership] = set()
    if whole:
        rows = await conn.execute(ALL, {**of(space), "groups": list(whole)})
        found.update((row.group_id, row.user_id) for row in rows)
    if asked := list(some):
        rows = await conn.execute(SOME, {**of(space), **columns(asked)})
        found.update((row.group_id, row.user_id) for row in rows)
    return found


async def change_memberships(
    conn: AsyncConnection, space: Space, added: Sequence[Membership], taken: Sequence[Membership]
) -> None:
    if added:
        await conn.execute(ADD, {**of(space), **columns(added)})
    if taken:
        await conn.execute(TAKE, {**of(space), **columns(taken)})


async def touch(conn: AsyncConnection, space: Space, users: Collection[str], groups: Collection[str], at: Any) -> None:
    """Let roles be said anew of these users and of all members of these groups; what is shown of them differs."""
    if users or groups:
        await conn.execute(TOUCH, {**of(space), "users": list(users), "groups": list(groups), "at": at})


async def remove_members(
    conn: AsyncConnection, space: Space, users: Collection[str], groups: Collection[str], at: Any
) -> None:
    """End all memberships of users and groups that go."""
    if users:
        await conn.execute(TOUCH_GROUPS, {**of(space), "users": list(users), "at": at})
        await conn.execute(REMOVE_USERS, {**of(space), "ids": list(users)})
    if groups:
        await conn.execute(REMOVE_GROUPS, {**of(space), "ids": list(groups)})


async def list_members(conn: AsyncConnection, space: Space, groups: Collection[str]) -> Mapping[str, list[Row[Any]]]:
    """The members of each group."""
    return by_first(await conn.execute(MEMBERS, {**of(space), "ids": list(groups)}))


async def list_groups(conn: AsyncConnection, space: Space, users: Collection[str]) -> Mapping[str, list[Row[Any]]]:
    """The groups of each user, with their names."""
    return by_first(await conn.execute(GROUPS, {**of(space), "ids": list(users)}))


async def count_members(conn: AsyncConnection, space: Space, groups: Collection[str]) -> int:
    return await conn.scalar(COUNT, {**of(space), "ids": list(groups)}) or 0


def columns(memberships: Sequence[Membership]) -> dict[str, list[str]]:
    return {"groups": [group for group, _ in memberships], "users": [user for _, user in memberships]}
