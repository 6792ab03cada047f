"""The license dashboard: allocation across products, and by organization (guide: System Admin → Licenses)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_kit.runtime import Running
from usher_reporting.domain.dashboard import Line
from usher_reporting.http.looking import AtParameter, Look, looking
from usher_reporting.http.places import TEXT, place_in
from usher_reporting.http.reach import OrganizationParameter
from usher_reporting.http.renewals import Renewal, to_renewal
from usher_reporting.reports.dashboard import figures_of, lines_of
from usher_reporting.reports.renewals import UPCOMING
from usher_reporting.store.figures import load_delay_ms, load_lines
from usher_reporting.store.organizations import Organization, load_organizations
from usher_reporting.store.renewals import load_renewals

SHOWN_RENEWALS = 100
PLACE: TypeAdapter[tuple[str, UUID]] = TypeAdapter(tuple[Annotated[str, Field(pattern=TEXT)], UUID])

router = APIRouter(tags=["dashboard"])


class SharedPool(BaseModel):
    """The ancestor's pool that serves the organization; figures are the whole pool's."""

    model_config = ConfigDict(from_attributes=True)

    org_id: UUID
    total_licensed: int
    assigned: int
    available: int


class Product(BaseModel):
    """One product's seats, people and license. Percentages are 0 to 100, null where the total is 0."""

    product: str
    name: str
    total_licensed: int | None
    assigned: int
    available: int | None
    waitlisted: int
    suspended: int
    usage_percentage: float | None
    active_users: int
    inactive_users: int
    never_used_users: int
    unknown_users: int
    utilization_percentage: float | None
    license_state: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    over_allocated: bool
    over_capacity: int
    shared_pool: SharedPool | None
    note: str | None


class Dashboard(BaseModel):
    """`as_of` is the moment of which all of it is; it can be asked for again, with the same answer.

    `org_id` is null for the sum over all tenants, each as of its own latest change by then. `delay_ms` is how late
    facts on seats came lately; it is null of a past moment.
    """

    as_of: datetime
    org_id: UUID | None
    delay_ms: int | None
    products: list[Product]
    upcoming_renewals: list[Renewal]


class History(Dashboard):
    """The dashboard of a past moment. Nothing more will be known as of any moment up to `watermark`."""

    watermark: datetime


class UnitProduct(BaseModel):
    """One product's seats at an organization; null where they are those of an ancestor's pool."""

    product: str
    total_licensed: int | None
    assigned: int
    available: int | None
    waitlisted: int
    usage_percentage: float | None


class Unit(BaseModel):
    """One organization with all below it. `depth` counts from the top of the list, which is 0."""

    org_id: UUID
    tenant_id: UUID
    name: str
    parent_id: UUID | None
    kind: str
    depth: int
    products: list[UnitProduct]


@router.get("/v1/dashboard", dependencies=[scoped("reports:read")])
async def dashboard(
    access: Authorized, running: Running, org_id: OrganizationParameter = None, at: AtParameter = None
) -> Dashboard:
    """Every product's seats and people, combined, and what ends soon."""
    async with looking(access, running, org_id, at) as look:
        return await dashboard_of(look, await load_delay_ms(look.conn, look.reach.tenants) if at is None else None)


@router.get("/v1/history", dependencies=[scoped("reports:read")])
async def history(
    access: Authorized,
    running: Running,
    at: Annotated[AwareDatetime, Query(description="The moment that is asked about")],
    org_id: OrganizationParameter = None,
) -> History:
    """The dashboard as it was at a past moment; every other report takes `at` too."""
    async with looking(access, running, org_id, at) as look:
        found = await dashboard_of(look, None)
    return History(**dict(found), watermark=look.watermark)


async def dashboard_of(look: Look, delay_ms: int | None) -> Dashboard:
    """The dashboard of one moment."""
    conn, reach = look.conn, look.reach
    lines = await lines_of(conn, reach)
    renewals = await load_renewals(conn, reach.tenants, reach.units, look.at + UPCOMING, limit=SHOWN_RENEWALS)
    return Dashboard(
        as_of=look.at,
        org_id=reach.org_id,
        delay_ms=delay_ms,
        products=[to_product(line) for line in lines],
        upcoming_renewals=[to_renewal(renewal, look.at) for renewal in renewals],
    )


@router.get("/v1/dashboard/organizations", dependencies=[scoped("reports:read")])
async def organizations(
    access: Authorized,
    running: Running,
    org_id: OrganizationParameter = None,
    at: AtParameter = None,
    sort: Literal["name", "-name"] = "name",
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Unit]:
    """The allocation by organization: the one asked about and all below it; else, for the system, every tenant."""
    async with looking(access, running, org_id, at) as look:
        conn, reach = look.conn, look.reach
        found = await load_organizations(
            conn,
            [tenant for tenant in reach.tenants if tenant != OPERATORS_TENANT],
            reach.org_id,
            after=place_in(cursor, PLACE, 2),
            limit=limit + 1,
            is_descending=sort == "-name",
        )
        shown, following = first_page(found, limit, lambda one: [one.sort_name, one.org_id])
        lines = await load_lines(conn, [(one.tenant_id, one.org_id) for one in shown])
    return Page(items=[to_unit(one, lines) for one in shown], next_cursor=following)


def to_unit(one: Organization, lines: Mapping[UUID, Sequence[Line]]) -> Unit:
    return Unit(
        org_id=one.org_id,
        tenant_id=one.tenant_id,
        name=one.name,
        parent_id=one.parent_id,
        kind=one.kind,
        depth=one.depth,
        products=[
            UnitProduct(
                product=line.product,
                total_licensed=line.total_licensed,
                assigned=line.people.assigned,
                available=line.available,
                waitlisted=line.people.waitlisted,
                usage_percentage=line.usage_percentage,
            )
            for line in lines[one.org_id]
        ],
    )


def to_product(line: Line) -> Product:
    """A line in the names that users hold in their hands (interfaces: HTTP conventions)."""
    shared = SharedPool.model_validate(line.shared_pool) if line.shared_pool else None
    return Product(**figures_of(line), shared_pool=shared)
