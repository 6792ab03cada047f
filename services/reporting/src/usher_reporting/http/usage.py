"""Usage over time: how many people came, by day and by month (guide: Usage)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, TypeAdapter

from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_kit.runtime import Running
from usher_reporting.http.days import Since, Until
from usher_reporting.http.looking import AtParameter, looking
from usher_reporting.http.places import place_in
from usher_reporting.http.reach import OrganizationParameter
from usher_reporting.reports.usage import PeriodName, asked_of
from usher_reporting.store.actives import list_actives, sum_actives

PLACE: TypeAdapter[tuple[date, UUID]] = TypeAdapter(tuple[date, UUID])

PeriodParameter = Annotated[PeriodName, Query(description="What different people are counted over")]

router = APIRouter(prefix="/v1/usage", tags=["usage"])


class ActivePeriod(BaseModel):
    """A day, or a month by its first day, of the organizations' own; `active_people` are different ones.

    Who moved within it counts at both organizations. A period in which nobody came is not in a list.
    """

    model_config = ConfigDict(from_attributes=True)

    starts_on: date
    active_people: int
    logins: int


class UnitPeriod(ActivePeriod):
    """The same of one organization, without its units."""

    org_id: UUID
    organization: str | None


class UsageOverTime(BaseModel):
    """`org_id` is null for the sum over all tenants."""

    as_of: datetime
    org_id: UUID | None
    period: PeriodName
    since: date
    until: date
    items: list[ActivePeriod]


@router.get("", dependencies=[scoped("reports:read")])
async def usage(
    access: Authorized,
    running: Running,
    org_id: OrganizationParameter = None,
    at: AtParameter = None,
    period: PeriodParameter = "day",
    since: Since = None,
    until: Until = None,
) -> UsageOverTime:
    """How many people of an organization and its units came, period by period."""
    async with looking(access, running, org_id, at) as look:
        asked = asked_of(look.reach, period, since, until, look.at.date())
        found = await sum_actives(look.conn, asked)
    items = [ActivePeriod(starts_on=one.starts_on, active_people=one.people, logins=one.logins) for one in found]
    return UsageOverTime(
        as_of=look.at, org_id=look.reach.org_id, period=period, since=asked.since, until=asked.until, items=items
    )


@router.get("/organizations", dependencies=[scoped("reports:read")])
async def usage_by_organization(
    access: Authorized,
    running: Running,
    org_id: OrganizationParameter = None,
    at: AtParameter = None,
    period: PeriodParameter = "day",
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[UnitPeriod]:
    """The same, each organization by itself, in order of time."""
    async with looking(access, running, org_id, at) as look:
        asked = asked_of(look.reach, period, since, until, look.at.date())
        found = await list_actives(look.conn, asked, after=place_in(cursor, PLACE, 2), limit=limit + 1)
    shown, following = first_page(found, limit, lambda one: [one.starts_on, one.org_id])
    items = [
        UnitPeriod(
            starts_on=one.starts_on,
            active_people=one.people,
            logins=one.logins,
            org_id=one.org_id,
            organization=one.organization,
        )
        for one in shown
    ]
    return Page(items=items, next_cursor=following)
