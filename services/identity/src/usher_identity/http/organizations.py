"""/v1/organizations: tenants and their units."""

from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Response, status
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.organizations import Organization
from usher_identity.http.acts import about_organization, act_of, write_down
from usher_identity.store.directory import OrganizationsFilter, find_organizations
from usher_identity.store.organizations import load_organizations
from usher_identity.use_cases.organizations import (
    NewOrganization,
    OrganizationChanges,
    change_organization,
    create_organization,
)
from usher_kit.access import Access, Authorized
from usher_kit.audit import audited
from usher_kit.conditional import IfMatch, check_match, etag
from usher_kit.errors import NotFound
from usher_kit.ids import new_id
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, first_page
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/organizations", tags=["organizations"])


def known_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin")
    return name


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Kind = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
TimeZone = Annotated[str, AfterValidator(known_time_zone)]
ExternalId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]


class ExternalIdAnswer(BaseModel):
    """By what name a source knows the entity."""

    source: str
    external_id: str


class OrganizationAnswer(BaseModel):
    id: UUID
    tenant_id: UUID
    parent_id: UUID | None
    name: str
    kind: str
    status: Literal["active", "archived", "deleted"]
    time_zone: str
    external_ids: list[ExternalIdAnswer]
    version: int


class OrganizationRequest(BaseModel):
    """A tenant, or with `parent_id` a unit inside one."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    parent_id: UUID | None = None
    kind: Kind = "organization"
    time_zone: TimeZone = "UTC"
    external_id: ExternalId | None = None
    source: Source = "manual"


class OrganizationPatch(BaseModel):
    """What is to be different."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    parent_id: UUID | None = Field(None, description="The new parent, of the same tenant")
    kind: Kind | None = None
    time_zone: TimeZone | None = None


@router.get("", dependencies=[scoped("organizations:read")])
async def list_organizations(
    access: Authorized,
    parent_id: UUID | None = None,
    q: str | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[OrganizationAnswer]:
    """The organizations that the caller may see, by name."""
    after = decode_cursor(cursor, 2)
    async with access.transaction() as conn:
        scope = await access.scope(conn, None, "org_admin", "reporter")
        by = OrganizationsFilter(scope.tenants, scope.units, parent_id, q)
        found = await find_organizations(conn, by, after, limit + 1)
        shown = await load_organizations(conn, [row.id for row in found[:limit]])
    page, following = first_page(found, limit, lambda row: [row.key, row.id])
    return Page(items=[to_answer(shown[row.id]) for row in page], next_cursor=following)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    dependencies=[scoped("organizations:write"), audited("organization.create")],
)
async def post_organization(
    access: Authorized, runtime: Running, response: Response, body: OrganizationRequest
) -> OrganizationAnswer:
    """Create a tenant (system administrators alone) or a unit."""
    own_id = new_id()
    tenant_id = own_id
    if body.parent_id is None:
        access.require_system()
    else:
        async with access.transaction() as conn:
            tenant_id = (await organization_for(access, conn, body.parent_id, "org_admin")).tenant_id
    new = NewOrganization(tenant_id, own_id, **body.model_dump())
    act = act_of(access, runtime)
    async with access.transaction(tenant_id) as conn:
        created = await create_organization(conn, new, act)
        await write_down(conn, access, act, about_organization("organization.create", created))
    return answered(created.after, response)


@router.get("/{organization_id}", dependencies=[scoped("organizations:read")])
async def get_organization(access: Authorized, response: Response, organization_id: UUID) -> OrganizationAnswer:
    """One organization: any that the caller may see, and anybody's own."""
    async with access.transaction() as conn:
        found = await organization_for(access, conn, organization_id, "org_admin", "reporter")
    return answered(found, response)


@router.patch("/{organization_id}", dependencies=[scoped("organizations:write"), audited("organization.change")])
async def patch_organization(
    access: Authorized,
    runtime: Running,
    response: Response,
    organization_id: UUID,
    body: OrganizationPatch,
    if_match: IfMatch = None,
) -> OrganizationAnswer:
    """Rename an organization, or move it within its tenant to a unit that the caller administers too."""
    changes = OrganizationChanges(**body.model_dump())
    async with access.transaction() as conn:
        await organization_for(access, conn, organization_id, "org_admin")
        if body.parent_id is not None:
            await organization_for(access, conn, body.parent_id, "org_admin")
        act = act_of(access, runtime)
        changed = await change_organization(
            conn, organization_id, changes, act, lambda one: check_match(if_match, etag(one.version))
        )
        await write_down(conn, access, act, about_organization("organization.change", changed))
    return answered(changed.after, response)


async def organization_for(access: Access, conn: AsyncConnection, id_: UUID, *roles: str) -> Organization:
    """An organization that the caller may see by one of `roles`. Raises NotFound or Forbidden."""
    found = (await load_organizations(conn, [id_])).get(id_)
    if found is not None and id_ == access.caller.org_id and "reporter" in roles:
        return found
    if not await access.sees(conn, id_ if found else None, *roles) or found is None:
        raise NotFound("No such organization, or it is not yours to see.")
    return found


def answered(organization: Organization, response: Response) -> OrganizationAnswer:
    response.headers["ETag"] = etag(organization.version)
    return to_answer(organization)


def to_answer(one: Organization) -> OrganizationAnswer:
    return OrganizationAnswer(
        id=one.id,
        tenant_id=one.tenant_id,
        parent_id=one.parent_id,
        name=one.name,
        kind=one.kind,
        status=one.status,
        time_zone=one.time_zone,
        external_ids=[ExternalIdAnswer(source=link.source, external_id=link.external_id) for link in one.links],
        version=one.version,
    )
