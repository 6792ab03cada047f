"""Creating, renaming and moving organizations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.links import Link
from usher_identity.domain.organizations import Organization, moved
from usher_identity.domain.refusals import AlreadyTaken, Refusal
from usher_identity.store.organizations import (
    find_organizations_by_link,
    load_organizations,
    load_parents,
    lock_trees,
)
from usher_identity.use_cases.recording import Act, Expect, expect_any, record_organizations


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What an organization begins as. A root's `tenant_id` is its own `id`."""

    tenant_id: UUID
    id: UUID
    parent_id: UUID | None
    name: str
    kind: str
    time_zone: str
    external_id: str | None = None
    source: str = "manual"


@dataclass(frozen=True, slots=True)
class OrganizationChanges:
    """What is to be different; what is none stays."""

    name: str | None = None
    kind: str | None = None
    parent_id: UUID | None = None
    time_zone: str | None = None

    def applied_to(self, organization: Organization, parents: Mapping[UUID, UUID | None]) -> Organization:
        """The organization after these changes, in the tenant's tree of `parents`."""
        after = replace(
            organization,
            name=self.name or organization.name,
            kind=self.kind or organization.kind,
            time_zone=self.time_zone or organization.time_zone,
        )
        return after if self.parent_id is None else moved(after, self.parent_id, parents)


async def create_organization(conn: AsyncConnection, new: NewOrganization, act: Act) -> Change[Organization]:
    """Create a tenant or a unit. Raises Refusal for a parent outside the tenant, AlreadyTaken for a known link."""
    await lock_trees(conn, [new.tenant_id])
    if new.parent_id is not None and new.parent_id not in await load_parents(conn, new.tenant_id):
        raise Refusal("No such organization in this tenant.", "/parent_id")
    links: tuple[Link, ...] = ()
    if new.external_id is not None:
        if await find_organizations_by_link(conn, new.tenant_id, new.source, [new.external_id]):
            raise AlreadyTaken(f"{new.source} knows another organization as {new.external_id}.", "/external_id")
        links = (Link(new.source, new.external_id, act.at),)
    created = Organization(
        new.tenant_id, new.id, new.parent_id, new.name, new.kind, time_zone=new.time_zone, links=links
    )
    return await recorded(conn, Change(None, created), act)


async def change_organization(
    conn: AsyncConnection,
    id_: UUID,
    changes: OrganizationChanges,
    act: Act,
    expect: Expect[Organization] = expect_any,
) -> Change[Organization]:
    """Change an organization that the transaction sees. Raises Refusal for a move that the tree does not allow."""
    tenant_id = (await load_organizations(conn, [id_]))[id_].tenant_id
    await lock_trees(conn, [tenant_id])
    before = (await load_organizations(conn, [id_], for_update=True))[id_]
    expect(before)
    after = changes.applied_to(before, await load_parents(conn, tenant_id))
    return await recorded(conn, Change(before, after), act)


async def recorded(conn: AsyncConnection, change: Change[Organization], act: Act) -> Change[Organization]:
    """Record a change; answered as it came out, with its version."""
    return Change(change.before, (await record_organizations(conn, [change], act))[0])
