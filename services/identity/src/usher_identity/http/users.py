"""/v1/users: people, found, created and changed; and their roles."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from usher_identity.domain.people import Person
from usher_identity.http.acts import act_of, write_down
from usher_identity.http.organizations import ExternalId, Source, organization_for
from usher_identity.http.people import (
    RoleAnswer,
    RoleName,
    StatusName,
    UserAnswer,
    answered,
    person_for,
    refuse_to_machines,
    to_answer,
)
from usher_identity.store.directory import PeopleFilter, find_people
from usher_identity.store.people import load_people
from usher_identity.use_cases.people import NewPerson, PersonChanges, change_people, create_people, set_roles
from usher_identity.use_cases.recording import Expect
from usher_identity.use_cases.written import about_people
from usher_kit.access import Access, Authorized
from usher_kit.audit import audited
from usher_kit.conditional import IfMatch, check_match, etag
from usher_kit.errors import Forbidden
from usher_kit.ids import new_id
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, first_page
from usher_kit.runtime import Running

CHECK_SCOPE = "check"
"""Products' clients resolve a name once, and keep the id (interfaces: Roles and what they may do)."""

router = APIRouter(prefix="/v1/users", tags=["users"])

UserName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
DisplayName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
Text = Annotated[str | None, Query(max_length=200)]


class UserRequest(BaseModel):
    """A new person, whose roles are granted by hand."""

    model_config = ConfigDict(extra="forbid")

    org_id: UUID
    user_name: UserName
    display_name: DisplayName
    email: Email | None = None
    status: Literal["invited", "active"] = "active"
    roles: frozenset[RoleName] = frozenset()
    external_id: ExternalId | None = None
    source: Source = "manual"


class UserPatch(BaseModel):
    """What is to be different."""

    model_config = ConfigDict(extra="forbid")

    org_id: UUID | None = Field(None, description="Another organization of the tenant")
    user_name: UserName | None = None
    display_name: DisplayName | None = None
    email: Email | None = None
    status: Literal["active", "suspended", "archived"] | None = None


class RolesBody(BaseModel):
    """Exactly the roles that the person is to have, whoever gives them."""

    model_config = ConfigDict(extra="forbid")

    roles: frozenset[RoleName]


class RolesAnswer(BaseModel):
    roles: list[RoleAnswer]
    version: int


@router.get("", dependencies=[scoped("users:read")])
async def list_users(
    access: Authorized,
    org_id: UUID | None = None,
    role: RoleName | None = None,
    status: StatusName | None = None,
    q: Text = None,
    identifier: Text = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[UserAnswer]:
    """People of an organization and its units, by name.

    `q` is the beginning of a name, a family name, a user name or an email. `identifier` is exactly an id, a user name,
    an email or an external id. Case does not matter to either.
    """
    after = decode_cursor(cursor, 2)
    if CHECK_SCOPE in access.caller.scopes and not access.caller.is_system:
        return await resolve(access, identifier, limit)
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin", "reporter")
        by = PeopleFilter(scope.tenants, scope.units, role, status, q, identifier)
        found = await find_people(conn, by, after, limit + 1)
        shown = await load_people(conn, [row.id for row in found[:limit]])
    page, following = first_page(found, limit, lambda row: [row.key, row.id])
    return Page(items=[to_answer(shown[row.id]) for row in page], next_cursor=following)


async def resolve(access: Access, identifier: str | None, limit: int) -> Page[UserAnswer]:
    """The people whom a product knows by another name. Raises Forbidden for any wider question of a product's."""
    if not identifier:
        raise Forbidden("A client of scope check asks for one person at a time: ?identifier=….")
    tenants = await access.database.all_tenants()
    async with access.database.transaction(tenants) as conn:
        found = await find_people(conn, PeopleFilter(tenants, identifier=identifier), None, limit)
        shown = await load_people(conn, [row.id for row in found])
    return Page(items=[to_answer(shown[row.id]) for row in found])


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[scoped("users:write"), audited("user.create")])
async def post_user(access: Authorized, runtime: Running, response: Response, body: UserRequest) -> UserAnswer:
    """Create a person in an organization that the caller administers."""
    async with access.transaction() as conn:
        tenant_id = (await organization_for(access, conn, body.org_id, "org_admin")).tenant_id
        refuse_to_machines(access, None, body.roles)
        new = NewPerson(id=new_id(), **body.model_dump())
        act = act_of(access, runtime)
        created = await create_people(conn, tenant_id, [new], by_system=access.caller.is_system, act=act)
        await write_down(conn, access, act, about_people("user.create", created))
    return answered(created[0].after, response)


@router.get("/{user_id}", dependencies=[scoped("users:read")])
async def get_user(access: Authorized, response: Response, user_id: UUID) -> UserAnswer:
    """One person: any that the caller may see, and oneself."""
    async with access.transaction() as conn:
        person = await person_for(access, conn, user_id, "org_admin", "reporter", own=True)
    return answered(person, response)


@router.patch("/{user_id}", dependencies=[scoped("users:write"), audited("user.change")])
async def patch_user(
    access: Authorized, runtime: Running, response: Response, user_id: UUID, body: UserPatch, if_match: IfMatch = None
) -> UserAnswer:
    """Change who a person is, where in the tenant they are, or whether they are active."""
    changes = PersonChanges(**body.model_dump(), given=frozenset(body.model_fields_set))

    def is_meant(person: Person) -> None:
        refuse_to_machines(access, person)
        expected(if_match)(person)

    async with access.transaction() as conn:
        tenant_id = (await person_for(access, conn, user_id, "org_admin")).tenant_id
        if body.org_id is not None:
            await organization_for(access, conn, body.org_id, "org_admin")
        act = act_of(access, runtime)
        changed = await change_people(conn, tenant_id, {user_id: changes}, act, is_meant)
        await write_down(conn, access, act, about_people("user.change", changed))
    return answered(changed[0].after, response)


@router.get("/{user_id}/roles", dependencies=[scoped("users:read")])
async def get_roles(access: Authorized, response: Response, user_id: UUID) -> RolesAnswer:
    """The roles that a person has, since when, and who gives them."""
    user = await get_user(access, response, user_id)
    return RolesAnswer(roles=user.roles, version=user.version)


@router.put("/{user_id}/roles", dependencies=[scoped("roles:write"), audited("user.set_roles")])
async def put_roles(
    access: Authorized, runtime: Running, response: Response, user_id: UUID, body: RolesBody, if_match: IfMatch = None
) -> UserAnswer:
    """Give a person exactly these roles.

    What is missing is granted by hand; the removal of a role that an import or an upstream gives stands until the role
    is asked for here again.
    """
    async with access.transaction() as conn:
        person = await person_for(access, conn, user_id, "org_admin", for_update=True)
        refuse_to_machines(access, person, body.roles)
        expected(if_match)(person)
        by_system, act = access.caller.is_system, act_of(access, runtime)
        changed = await set_roles(conn, [person], frozenset(body.roles), by_system=by_system, act=act)
        await write_down(conn, access, act, about_people("user.set_roles", changed))
    return answered(changed[0].after, response)


def expected(if_match: str | None) -> Expect[Person]:
    """The check of a person's state against the request's `If-Match`."""
    return lambda person: check_match(if_match, etag(person.version, person.profile_version), etag(person.version))
