"""Upcoming renewals: terms that end soon (guide: Expiration)."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, TypeAdapter

from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_kit.runtime import Running
from usher_reporting.domain.dashboard import days_left
from usher_reporting.http.looking import AtParameter, looking
from usher_reporting.http.places import place_in
from usher_reporting.http.reach import OrganizationParameter
from usher_reporting.reports.renewals import UPCOMING
from usher_reporting.store import renewals as store

PLACE: TypeAdapter[tuple[datetime, UUID]] = TypeAdapter(tuple[AwareDatetime, UUID])

router = APIRouter(tags=["renewals"])


class Renewal(BaseModel):
    """A term that ends soon, or has ended and is in grace. `days_left` are whole days, 0 once it has ended."""

    term_id: UUID
    org_id: UUID
    organization: str | None
    product: str
    seats: int
    ends_at: datetime
    days_left: int
    state: str


@router.get("/v1/renewals", dependencies=[scoped("reports:read")])
async def renewals(
    access: Authorized,
    running: Running,
    org_id: OrganizationParameter = None,
    at: AtParameter = None,
    within_days: Annotated[int, Query(ge=0, le=3_650)] = UPCOMING.days,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Renewal]:
    """The terms that end within so many days, the soonest first; renewed, expired and ended ones are not among them."""
    async with looking(access, running, org_id, at) as look:
        found = await store.load_renewals(
            look.conn,
            look.reach.tenants,
            look.reach.units,
            look.at + timedelta(days=within_days),
            after=place_in(cursor, PLACE, 2),
            limit=limit + 1,
        )
    shown, following = first_page(found, limit, lambda one: [one.ends_at, one.term_id])
    return Page(items=[to_renewal(one, look.at) for one in shown], next_cursor=following)


def to_renewal(one: store.Renewal, at: datetime) -> Renewal:
    return Renewal(**one._asdict(), days_left=days_left(one.ends_at, at))
