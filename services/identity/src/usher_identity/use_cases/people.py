"""Creating people, changing who and where they are, and setting their roles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.authority import check_grants
from usher_identity.domain.changes import Change
from usher_identity.domain.links import Link
from usher_identity.domain.people import Person
from usher_identity.domain.refusals import AlreadyTaken, Refusal
from usher_identity.domain.roles import Roles
from usher_identity.store.organizations import load_parents, lock_trees
from usher_identity.store.people import (
    find_people_by_link,
    find_people_by_user_name,
    load_people,
)
from usher_identity.use_cases.recording import Act, Expect, expect_any, record_people


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What a person begins as."""

    id: UUID
    org_id: UUID
    user_name: str
    display_name: str
    email: str | None = None
    status: str = "active"
    roles: frozenset[str] = frozenset()
    external_id: str | None = None
    source: str = "manual"

    def begun(self, tenant_id: UUID, act: Act) -> Person:
        """The person, whose roles are granted by hand."""
        links = (Link(self.source, self.external_id, act.at),) if self.external_id else ()
        return Person(
            tenant_id,
            self.id,
            self.org_id,
            self.user_name,
            self.display_name,
            self.email,
            self.status,
            act.at,
            Roles().desired(self.roles, act.cause.actor, act.at),
            links,
        )


@dataclass(frozen=True, slots=True)
class PersonChanges:
    """What is to be different; `given` names the values that are, since no email is one too."""

    org_id: UUID | None = None
    user_name: str | None = None
    display_name: str | None = None
    email: str | None = None
    status: str | None = None
    given: frozenset[str] = field(default_factory=frozenset)

    def applied_to(self, person: Person, at: datetime) -> Person:
        """The person after these changes. Raises Refusal for a status that they cannot come to have."""
        after = replace(
            person,
            org_id=self.org_id or person.org_id,
            user_name=self.user_name or person.user_name,
            display_name=self.display_name or person.display_name,
            email=self.email if "email" in self.given else person.email,
        )
        return after.becoming(self.status, at) if self.status else after


async def create_people(
    conn: AsyncConnection, tenant_id: UUID, new: Sequence[NewPerson], *, by_system: bool, act: Act
) -> Sequence[Change[Person]]:
    """Create people in organizations of one tenant that the transaction sees.

    Raises AlreadyTaken for a user name or a link that somebody else of the tenant has, NotAllowed or Refusal for roles
    that are not the caller's to grant.
    """
    for one in new:
        check_grants((), one.roles, by_system=by_system, is_operator=tenant_id == OPERATORS_TENANT)
    await lock_trees(conn, [tenant_id])
    created = [one.begun(tenant_id, act) for one in new]
    await refuse_taken_names(conn, tenant_id, created)
    await refuse_taken_links(conn, tenant_id, created)
    return await recorded(conn, [Change(None, person) for person in created], act)


async def change_people(
    conn: AsyncConnection,
    tenant_id: UUID,
    changes: Mapping[UUID, PersonChanges],
    act: Act,
    expect: Expect[Person] = expect_any,
) -> Sequence[Change[Person]]:
    """Change people of one tenant whom the transaction sees.

    Raises AlreadyTaken for somebody else's user name, Refusal for an organization outside the tenant or a status that
    they cannot come to have.
    """
    await lock_trees(conn, [tenant_id])
    before = await load_people(conn, changes, for_update=True)
    for person in before.values():
        expect(person)
    after = {id_: changes[id_].applied_to(person, act.at) for id_, person in before.items()}
    await refuse_foreign_organizations(conn, tenant_id, after.values())
    renamed = [one for id_, one in after.items() if one.user_name.lower() != before[id_].user_name.lower()]
    await refuse_taken_names(conn, tenant_id, renamed)
    return await recorded(conn, [Change(before[id_], person) for id_, person in after.items()], act)


async def set_roles(
    conn: AsyncConnection, people: Iterable[Person], roles: frozenset[str], *, by_system: bool, act: Act
) -> Sequence[Change[Person]]:
    """Give people whom the transaction has locked exactly these roles. Raises as `check_grants` does."""
    decided: list[Change[Person]] = []
    for person in people:
        is_operator = person.tenant_id == OPERATORS_TENANT
        check_grants(person.roles.names, roles, by_system=by_system, is_operator=is_operator)
        wanted = person.roles.desired(roles, act.cause.actor, act.at)
        decided.append(Change(person, replace(person, roles=wanted)))
    return await recorded(conn, decided, act)


async def recorded(conn: AsyncConnection, changes: Sequence[Change[Person]], act: Act) -> Sequence[Change[Person]]:
    """Record changes; answered as they came out, with their versions."""
    after = await record_people(conn, changes, act)
    return [Change(change.before, person) for change, person in zip(changes, after, strict=True)]


async def refuse_taken_names(conn: AsyncConnection, tenant_id: UUID, people: Sequence[Person]) -> None:
    """Raises AlreadyTaken where somebody else of the tenant has one of these user names, in any case."""
    if not people:
        return
    found = await find_people_by_user_name(conn, tenant_id, [one.user_name for one in people])
    for one in people:
        if set(found.get(one.user_name, ())) - {one.id}:
            raise AlreadyTaken(f"Somebody else of this tenant has the user name {one.user_name}.", "/user_name")


async def refuse_taken_links(conn: AsyncConnection, tenant_id: UUID, people: Sequence[Person]) -> None:
    """Raises AlreadyTaken where a source knows somebody else of the tenant by the same external id."""
    links = [link for one in people for link in one.links]
    for source in sorted({link.source for link in links}):
        asked = [link.external_id for link in links if link.source == source]
        for external_id in await find_people_by_link(conn, tenant_id, source, asked):
            raise AlreadyTaken(f"{source} knows somebody else as {external_id}.", "/external_id")


async def refuse_foreign_organizations(conn: AsyncConnection, tenant_id: UUID, people: Iterable[Person]) -> None:
    """Raises Refusal where a person would be outside their tenant: they keep it for ever."""
    parents = await load_parents(conn, tenant_id)
    if any(one.org_id not in parents for one in people):
        raise Refusal("No such organization in the person's tenant; a person keeps their tenant.", "/org_id")
