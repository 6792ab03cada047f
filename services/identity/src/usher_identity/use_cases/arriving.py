"""Somebody signs in by a provider: found by a link, once by a name, or created; with the roles that it gives.

What it says of roles goes the way of every source's words: only its own differ, and the guard on mass loss judges it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.identity_providers import STANDING, Arrival, IdentityProvider, choose
from usher_identity.domain.import_losses import part
from usher_identity.domain.import_plan import PersonChange, outcome_of
from usher_identity.domain.links import Link
from usher_identity.domain.losses import gain
from usher_identity.domain.organizations import is_below
from usher_identity.domain.people import Person, Status
from usher_identity.domain.refusals import Refusal
from usher_identity.domain.roles import Roles
from usher_identity.domain.upstream_units import Units
from usher_identity.domain.upstreams import QUOTA, Upstream
from usher_identity.store.arrivals import find_linked, find_named
from usher_identity.store.organizations import load_parents, load_tenant_organizations, lock_trees
from usher_identity.store.people import load_people
from usher_identity.use_cases.guarding_commands import guard
from usher_identity.use_cases.people import refuse_taken_names
from usher_identity.use_cases.recording import Act, record_people
from usher_kit import audit
from usher_kit.ids import new_id

SERVICE = "identity"


@dataclass(frozen=True, slots=True)
class Arriving:
    """One arrival by one provider, at one moment."""

    provider: IdentityProvider
    arrival: Arrival
    act: Act

    @property
    def link(self) -> Link:
        return Link(self.provider.source, self.arrival.subject, self.act.at, STANDING)

    def applied_to(self, person: Person) -> Person:
        """The person as they leave the door: linked, and with the roles that the provider gives them now."""
        source, words = self.provider.source, self.arrival.words
        is_linked = any((one.source, one.external_id) == (source, self.arrival.subject) for one in person.links)
        links = person.links if is_linked else (*person.links, self.link)
        roles = person.roles
        if words is not None and roles.given_by(source) != self.provider.roles_of(words):
            roles = roles.from_source(source, self.provider.roles_of(words), self.act.at)
        return replace(person, links=links, roles=roles)


async def arrive(conn: AsyncConnection, one: Arriving) -> Person:
    """Who has arrived. The transaction is open for the provider's tenant, or for all where it serves all.

    Raises Refusal for somebody who is not to be let in, or not to be told from others.
    """
    person = await find(conn, one) or await find_meant(conn, one)
    if person is None:
        return await create(conn, one)
    await refuse_others(conn, person, one.provider)
    if one.applied_to(person) == person:
        return person
    await lock_trees(conn, [person.tenant_id])
    before = (await load_people(conn, [person.id], for_update=True))[person.id]
    await refuse_others(conn, before, one.provider)
    return await keep(conn, before, one)


async def find(conn: AsyncConnection, one: Arriving) -> Person | None:
    """Whom the provider has named by this subject before. Raises Refusal where it is two."""
    ids = await find_linked(conn, one.provider.source, one.arrival.subject)
    if len(ids) > 1:
        raise Refusal("Several people are linked to this account.")
    return (await load_people(conn, ids)).get(ids[0]) if ids else None


async def find_meant(conn: AsyncConnection, one: Arriving) -> Person | None:
    """Whom the provider means that names them for the first time, by what it is trusted to know. Raises Refusal."""
    said = one.arrival
    values = {"external_id": said.external_id, "user_name": said.user_name, "email": said.email}
    for way in one.provider.links_by:
        if value := values[way]:
            people = await load_people(conn, await find_named(conn, way, value))
            if chosen := choose(list(people.values()), one.provider):
                return chosen
    return None


async def refuse_others(conn: AsyncConnection, person: Person, provider: IdentityProvider) -> None:
    """Raises Refusal for who is not active, or in an organization that the provider does not serve."""
    if person.status != Status.ACTIVE:
        raise Refusal(f"The person is {person.status}.")
    if provider.serves_all:
        return
    parents = await load_parents(conn, provider.tenant_id)
    if person.tenant_id != provider.tenant_id or not is_below(person.org_id, provider.org_id, parents):
        raise Refusal("The person is in an organization that the provider does not serve.")


async def keep(conn: AsyncConnection, before: Person, one: Arriving) -> Person:
    """Record what is new of a locked person, but for what the guard holds."""
    after = one.applied_to(before)
    change = PersonChange(before, after, one.arrival.subject, None, None, outcome_of(before, after))
    rest, loss = part(change, one.provider.source)
    units = await units_of(conn, before, one.provider)
    held = await guard(conn, units, [one.arrival.subject], [loss] if loss else [], one.act)
    if loss is not None and loss in held:
        after = gain(rest.after, loss, one.act.cause.actor, one.act.at)
    [recorded] = await record_people(conn, [Change(before, after)], one.act)
    if before.links != after.links:
        await write_down(conn, "user.link_sign_in", recorded, one)
    return recorded


async def units_of(conn: AsyncConnection, person: Person, provider: IdentityProvider) -> Units:
    """The person's tenant, as a source of this provider's name and reach sees it."""
    top = person.tenant_id if provider.serves_all else provider.org_id
    at = provider.created_at
    source = Upstream(person.tenant_id, provider.source, provider.id, top, QUOTA, at, at)
    return Units((await load_tenant_organizations(conn, person.tenant_id)).values(), source)


async def create(conn: AsyncConnection, one: Arriving) -> Person:
    """Somebody who is new, in the provider's organization. Raises Refusal where it does not create people."""
    provider, said = one.provider, one.arrival
    if not provider.creates_people or provider.serves_all or not said.user_name:
        raise Refusal("Nobody here is known by this account.")
    await lock_trees(conn, [provider.tenant_id])
    if await find_linked(conn, provider.source, said.subject):
        raise Refusal("The account was just linked by another sign-in.")
    new = Person(
        tenant_id=provider.tenant_id,
        id=new_id(),
        org_id=provider.org_id,
        user_name=said.user_name,
        display_name=said.display_name or said.user_name,
        email=said.email,
        status=Status.ACTIVE,
        status_since=one.act.at,
        roles=Roles().from_source(provider.source, provider.roles_of(said.words or ()), one.act.at),
        links=(one.link,),
    )
    await refuse_taken_names(conn, provider.tenant_id, [new])
    [recorded] = await record_people(conn, [Change(None, new)], one.act)
    await write_down(conn, "user.create", recorded, one)
    return recorded


async def write_down(conn: AsyncConnection, name: str, person: Person, one: Arriving) -> None:
    after: dict[str, JsonValue] = {
        "provider_id": str(one.provider.id),
        "roles": [*sorted(person.roles.names)],
        "version": person.version,
    }
    done = audit.Act(name, str(person.id), person.tenant_id, person.org_id, None, after)
    await audit.record(conn, SERVICE, [done], at=one.act.at, cause=one.act.cause)


def tenants_of(provider: IdentityProvider, all_tenants: Sequence[UUID]) -> Sequence[UUID]:
    """The tenants whose people a provider signs in."""
    return all_tenants if provider.serves_all else [provider.tenant_id]
