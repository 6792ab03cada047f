"""Assignments: who holds, awaits or had which seat, and whether they come (guide: Reports → License Claims)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, TypeAdapter

from usher_contracts.entitlements import Product
from usher_contracts.usage import Activity
from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_kit.runtime import Running
from usher_reporting.http.looking import AtParameter, looking
from usher_reporting.http.places import place_in
from usher_reporting.http.reach import OrganizationParameter
from usher_reporting.store.assignments import Asked, list_assignments

State = Annotated[
    Literal["waitlisted", "assigned", "suspended", "withheld", "released"] | None,
    Query(description="The seat's state; all of them without it"),
]
UsedAs = Annotated[Activity | None, Query(description="How a seat that is held is used; nobody else's is told")]
PLACE: TypeAdapter[tuple[UUID, str]] = TypeAdapter(tuple[UUID, Product])

router = APIRouter(tags=["claims"])


class Assignment(BaseModel):
    """A person's seat of a product; `org_id` is where the person is now. Names are null before their facts arrived.

    `since` is of the state, `assigned_since` of the holding without a break. `activity` is null while nobody holds it.
    """

    user_id: UUID
    display_name: str | None
    user_name: str | None
    product: str
    org_id: UUID
    organization: str | None
    pool_id: UUID | None
    state: str
    since: datetime
    assigned_since: datetime | None
    activity: str | None
    activity_since: datetime | None
    last_login_at: datetime | None
    version: int


@router.get("/v1/assignments", dependencies=[scoped("reports:read")])
async def assignments(
    access: Authorized,
    running: Running,
    org_id: OrganizationParameter = None,
    at: AtParameter = None,
    product: Product | None = None,
    user_id: UUID | None = None,
    state: State = None,
    activity: UsedAs = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Assignment]:
    """Every seat with its person, state and activity, by person."""
    after = place_in(cursor, PLACE, 2)
    async with looking(access, running, org_id, at) as look:
        reach = look.reach
        asked = Asked(reach.tenants, reach.units, product, user_id, state, activity, is_whole=at is not None)
        found = await list_assignments(look.conn, asked, after=after, limit=limit + 1)
    shown, following = first_page(found, limit, lambda row: [row["user_id"], row["product"]])
    return Page(items=[Assignment(**row) for row in shown], next_cursor=following)
