"""/v1/me: who the token speaks for."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from usher_identity.domain.people import Person
from usher_identity.http.people import RoleName
from usher_identity.store.organizations import load_organizations
from usher_identity.store.people import load_people
from usher_kit.access import Access, Authorized
from usher_kit.errors import Forbidden

router = APIRouter(tags=["me"])


class MeAnswer(BaseModel):
    """The person and their roles at this moment. `id` is `user_id`, as in other answers about people."""

    id: UUID
    user_id: UUID
    tenant_id: UUID
    org_id: UUID
    organization: str
    user_name: str
    display_name: str
    email: str | None
    status: str
    roles: list[RoleName]
    version: int


async def own_person(access: Access) -> Person:
    """The person whose token asks. Raises Forbidden for a client's."""
    user_id = access.caller.user_id
    if user_id is None:
        raise Forbidden("This token speaks for a client, not for a person.")
    async with access.transaction() as conn:
        return (await load_people(conn, [user_id]))[user_id]


@router.get("/v1/me")
async def get_me(access: Authorized) -> MeAnswer:
    """The person whose token asks."""
    person = await own_person(access)
    async with access.transaction() as conn:
        organization = (await load_organizations(conn, [person.org_id]))[person.org_id]
    return MeAnswer(
        id=person.id,
        user_id=person.id,
        tenant_id=person.tenant_id,
        org_id=person.org_id,
        organization=organization.name,
        user_name=person.user_name,
        display_name=person.display_name,
        email=person.email,
        status=person.status,
        roles=[held.role for held in person.roles.held],
        version=person.version,
    )
