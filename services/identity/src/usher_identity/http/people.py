"""Which people a caller may see and change, and how answers show them."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.people import Person
from usher_identity.http.organizations import ExternalIdAnswer
from usher_identity.store.people import load_people
from usher_kit.access import Access
from usher_kit.conditional import etag
from usher_kit.errors import Forbidden, NotFound

RoleName = Literal["learner", "observer", "observable", "reporter", "org_admin", "system_admin"]
StatusName = Literal["invited", "active", "suspended", "archived", "deleted"]

ADMINISTER = frozenset({"org_admin", "system_admin"})
GIVES_ROLES = "roles:write"


class RoleAnswer(BaseModel):
    """A role held, since when without a break, and who gives it."""

    role: RoleName
    since: datetime
    sources: list[str]


class UserAnswer(BaseModel):
    """A person. `version` is the one that entitlements' explain takes as `user_version`."""

    id: UUID
    tenant_id: UUID
    org_id: UUID
    external_ids: list[ExternalIdAnswer]
    user_name: str
    display_name: str
    email: str | None
    status: StatusName
    status_since: datetime
    roles: list[RoleAnswer]
    version: int
    profile_version: int


class PersonState(BaseModel):
    """A person as they would be, in the form that entitlements' `/v1/simulate` takes."""

    tenant_id: UUID
    user_id: UUID
    org_id: UUID
    status: StatusName
    roles: list[RoleName]


async def person_for(
    access: Access, conn: AsyncConnection, user_id: UUID, *roles: str, own: bool = False, for_update: bool = False
) -> Person:
    """A person whom the caller may see by one of `roles`, or who is the caller where `own` is enough; locked if asked.

    Raises NotFound for a person of another tenant or unit, Forbidden without a role.
    """
    person = (await load_people(conn, [user_id], for_update=for_update)).get(user_id)
    is_own = own and user_id == access.caller.user_id
    if person is not None and (is_own or access.caller.is_system):
        return person
    scope = await access.scope(conn, None, *roles)
    if person is None or not scope.sees(person.org_id):
        raise NotFound("No such person, or they are not yours to see.")
    return person


def refuse_to_machines(access: Access, person: Person | None, roles: Collection[str] = ()) -> None:
    """Raises Forbidden for a machine that would change an administrator, or give roles that are not its to give.

    Who could rename an administrator, or make one, could become one: only people do that.
    """
    granted = access.caller.granted
    if granted is None:
        return
    if (person and person.roles.names & ADMINISTER) or ADMINISTER.intersection(roles):
        raise Forbidden("Machine clients change no administrators, and make none; a person has to do it.")
    if roles and GIVES_ROLES not in granted:
        raise Forbidden(f"Giving roles needs the scope {GIVES_ROLES}.")


def answered(person: Person, response: Response) -> UserAnswer:
    response.headers["ETag"] = etag(person.version, person.profile_version)
    return to_answer(person)


def to_answer(person: Person) -> UserAnswer:
    return UserAnswer(
        id=person.id,
        tenant_id=person.tenant_id,
        org_id=person.org_id,
        external_ids=[ExternalIdAnswer(source=link.source, external_id=link.external_id) for link in person.known_as],
        user_name=person.user_name,
        display_name=person.display_name,
        email=person.email,
        status=person.status,
        status_since=person.status_since,
        roles=[
            RoleAnswer(role=held.role, since=held.since, sources=person.roles.sources(held.role))
            for held in person.roles.held
        ],
        version=person.version,
        profile_version=person.profile_version,
    )


def to_state(person: Person) -> PersonState:
    return PersonState.model_validate(
        {
            "tenant_id": person.tenant_id,
            "user_id": person.id,
            "org_id": person.org_id,
            "status": person.status,
            "roles": sorted(person.roles.names),
        }
    )
