"""Patterns of claims: by month, product, unit and reason; time waited, churn (guide: Reports → License Claims)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, TypeAdapter

from usher_contracts.entitlements import Product
from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_kit.runtime import Running
from usher_reporting.http.days import Since, Until
from usher_reporting.http.looking import AtParameter, looking
from usher_reporting.http.places import TEXT, place_in
from usher_reporting.http.reach import OrganizationParameter
from usher_reporting.reports.patterns import By, asked_of, figures_of
from usher_reporting.store.patterns import Place, load_patterns

GroupBy = Annotated[list[By], Query(description="What is told apart; several may be named")]
Text = Annotated[str, Field(pattern=TEXT)]
PLACE: TypeAdapter[tuple[date, str, UUID, str]] = TypeAdapter(tuple[date, Text, UUID, Text])

router = APIRouter(tags=["claims"])


class ClaimPattern(BaseModel):
    """What happened to seats from `since` to `until`, both included, by the days of the tenant's time zone.

    What is not told apart is null, and so are `seats_held` and `churn_percentage` by reason. `seats_transferred` came
    with people from other organizations, less those that went; `churn_percentage` is seats left of those held on the
    period's middle day. `waited_seats` were given after a wait, half of them within `waited_median_seconds` from the
    first day in line; within 2.5 % of the exact time.
    """

    since: date
    until: date
    product: str | None
    org_id: UUID | None
    organization: str | None
    reason: str | None
    claims: int
    assigned: int
    promoted: int
    waitlisted: int
    suspended: int
    restored: int
    withheld: int
    moved: int
    released: int
    seats_entered: int
    seats_left: int
    seats_transferred: int
    net_change: int
    seats_held: int | None
    churn_percentage: float | None
    waited_seats: int
    waited_median_seconds: int | None
    waited_p90_seconds: int | None


@router.get("/v1/claims/patterns", dependencies=[scoped("reports:read")])
async def claim_patterns(
    access: Authorized,
    running: Running,
    group_by: GroupBy = ["month"],  # noqa: B006 (FastAPI copies it)
    org_id: OrganizationParameter = None,
    at: AtParameter = None,
    product: Product | None = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[ClaimPattern]:
    """Claims counted by month, product, organization and reason, in order of time; the last 365 days unless told.

    By organization each is counted by itself, where the claims were. A seat goes with its holder to another
    organization at its next claim: a move within one pool is not seen before.
    """
    after = place_in(cursor, PLACE, 4)
    async with looking(access, running, org_id, at) as look:
        asked = asked_of(look.reach, product, frozenset(group_by), since, until, look.at.date())
        found = await load_patterns(look.conn, asked, after=Place(*after) if after else None, limit=limit + 1)
    shown, following = first_page(found, limit, lambda row: row.place)
    return Page(items=[ClaimPattern(**figures_of(row, asked)) for row in shown], next_cursor=following)
