"""What SCIM clients say, done: kept as they said it, and said of people by the road of all upstreams."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.upstream import Command, RolesSet, SentCommand, UserDelete
from usher_identity.domain.mapping import plain
from usher_identity.domain.scim import Saved, Space, essential
from usher_identity.domain.upstream_units import Units
from usher_identity.domain.upstreams import Upstream, mapping_of
from usher_identity.store.organizations import load_tenant_organizations
from usher_identity.store.scim import find_taken, find_users, remove_resources, save_resources
from usher_identity.store.scim_members import Membership, change_memberships, remove_members, touch
from usher_identity.store.scim_words import find_behind, load_group_words, say_by
from usher_identity.use_cases.commands import take_from
from usher_identity.use_cases.outcomes import Answer
from usher_kit.ids import new_id

AT_ONCE = 1_000
"""People whose roles one request says anew; of larger groups the rest follow behind it."""

Describe = Callable[[Saved, tuple[str, ...], Units], Command]
"""The command that says a user whole, with these words for roles."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a request changes in a space."""

    users: Sequence[Saved]
    groups: Sequence[Saved]
    removed_users: Collection[str]
    removed_groups: Collection[str]
    added: Sequence[Membership]
    taken: Sequence[Membership]
    renamed_groups: Collection[str]
    """Groups that stand for other words than before."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What of the changes cannot be."""

    taken_names: Collection[str] = ()
    strangers: Collection[str] = ()
    """Members who are no users here."""

    @property
    def are_any(self) -> bool:
        return bool(self.taken_names or self.strangers)


async def find_faults(conn: AsyncConnection, space: Space, changes: Changes) -> Findings:
    """What the database knows against the changes."""
    ids = [one.stored.id for one in changes.users]
    names = [one.name for one in changes.users]
    taken = await find_taken(conn, space, names, [*ids, *changes.removed_users]) if names else set()
    members = {user for _, user in changes.added} - set(ids)
    known = await find_users(conn, space, members) - set(changes.removed_users) if members else set()
    return Findings(taken, members - known)


async def keep(conn: AsyncConnection, space: Space, changes: Changes, at: datetime) -> None:
    """Write the changes. Whose roles may be others by them is remembered with them."""
    users = {user for _, user in (*changes.added, *changes.taken)}
    await touch(conn, space, users, [*changes.renamed_groups, *changes.removed_groups], at)
    await remove_members(conn, space, changes.removed_users, changes.removed_groups, at)
    await remove_resources(conn, space, [*changes.removed_users, *changes.removed_groups])
    await save_resources(conn, space, [*changes.users, *changes.groups])
    await change_memberships(conn, space, changes.added, changes.taken)


async def say(
    conn: AsyncConnection, upstream: Upstream, changes: Changes, describe: Describe, at: datetime
) -> Sequence[Answer]:
    """Say of people what the changes say, and the roles of those whose groups are others by them."""
    units = Units((await load_tenant_organizations(conn, upstream.tenant_id)).values(), upstream)
    space = Space(upstream.tenant_id, upstream.name)
    own = {one.stored.id: one for one in changes.users}
    behind = await find_behind(conn, space, upstream.version, AT_ONCE, list(own))
    words, orders = await number(conn, upstream, space, [*own, *behind])
    commands = [
        command(upstream, describe(own[id_], words[id_], units) if id_ in own else set_roles(id_, words[id_]), order)
        for id_, order in orders.items()
    ]
    gone = [command(upstream, UserDelete(external_id=id_), 0) for id_ in changes.removed_users]
    return await take_from(conn, upstream, [*commands, *gone], at)


async def say_behind(conn: AsyncConnection, upstream: Upstream, limit: int, at: datetime) -> bool:
    """Say the roles of users whose words came to stand for others. Answers whether there were any."""
    space = Space(upstream.tenant_id, upstream.name)
    behind = await find_behind(conn, space, upstream.version, limit)
    words, orders = await number(conn, upstream, space, behind)
    commands = [command(upstream, set_roles(id_, words[id_]), order) for id_, order in orders.items()]
    await take_from(conn, upstream, commands, at)
    return bool(behind)


async def number(
    conn: AsyncConnection, upstream: Upstream, space: Space, ids: Sequence[str]
) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, int]]:
    """Each user's words that give roles, and the order of what is now said of them.

    A group's name is a word only where the upstream's own mapping has it: nobody gets a role since a group is called
    as Usher calls one.
    """
    if not ids:
        return {}, {}
    mapping = mapping_of(upstream.words)
    mapped = {plain(word) for word in upstream.words.roles}
    numbered = await say_by(conn, space, ids, upstream.version)
    by_groups = await load_group_words(conn, space, ids, mapped) if mapped else {}
    words = {id_: essential({*row.words, *by_groups.get(id_, ())}, mapping) for id_, row in numbered.items()}
    return words, {id_: numbered[id_].said for id_ in ids if id_ in numbered}


def set_roles(id_: str, words: tuple[str, ...]) -> RolesSet:
    return RolesSet.model_construct(external_id=id_, roles=words)


def command(upstream: Upstream, data: Command, order: int) -> SentCommand:
    """What is said, as if it had come as a message."""
    return SentCommand(
        id=str(new_id()),
        source=f"/upstream/{upstream.name}",
        type=data.type,
        subject=str(getattr(data, "external_id", "")),
        tenantid=upstream.tenant_id,
        actor=f"upstream:{upstream.name}",
        upstream=upstream.name,
        sequence=order,
        data=data,
    )
