"""Forecast: when seats run out, and how many to buy (guide: Forecast)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import RowMapping

from usher_contracts.entitlements import Product
from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_kit.runtime import Running
from usher_reporting.domain.demand import FEWEST_WEEKS, LAST_VALUE, SEASONAL_NAIVE, Backtest, Forecast
from usher_reporting.domain.shortage import Outlook, Shortage, Term, outlooks, shortage
from usher_reporting.http.places import place_in
from usher_reporting.http.reach import OrganizationParameter, reach_of
from usher_reporting.store.forecasts import PoolKey, list_pools, load_terms, to_forecast

PLACE: TypeAdapter[tuple[UUID, str]] = TypeAdapter(tuple[UUID, Product])
UNMADE = Forecast(LAST_VALUE, 0, [0.0] * 105, 0.0, None)
Horizon = Annotated[int, Query(ge=7, le=730, description="How many days are looked at, rounded up to weeks")]
Confidence = Annotated[float, Query(ge=50, le=99, description="In percent: how sure the seats to buy shall suffice")]

router = APIRouter(tags=["forecast"])


class GuessError(BaseModel):
    """How wrong a guess was in the past: in seats, and as a share of what demand changed by in a week, both on average.

    `scaled_error` is null where demand had never changed.
    """

    model: str
    mean_error: float
    scaled_error: float | None


class PastErrors(BaseModel):
    """Guesses made from `origins` past weeks, by what was known then, held against the `weeks_ahead` that came."""

    weeks_ahead: int
    origins: int
    errors: list[GuessError]


class Moment(BaseModel):
    """What may be at a moment: `room` is capacity with overage, and null where overage has no limit."""

    at: datetime
    expected: float
    low: float
    high: float
    capacity: int
    room: int | None


class PoolForecast(BaseModel):
    """One pool's: `demand` are the people who hold or await a seat now, suspended ones among them.

    Seats run out where demand is more than may be given: as expected, earliest (`high`) and latest (`low`); null is not
    within the horizon. `because` is `demand` or `license_ends`. `seats_to_buy` suffices at every moment if demand is no
    higher than `high`, which holds with the confidence asked for. `made_at` is null before a forecast was made.
    """

    org_id: UUID
    organization: str | None
    product: str
    made_at: datetime | None
    model: str
    history_weeks: int
    note: str | None
    demand: int
    waitlisted: int
    capacity: int
    runs_out_on: date | None
    runs_out_earliest_on: date | None
    runs_out_latest_on: date | None
    because: str | None
    seats_to_buy: int
    confidence: float
    backtest: PastErrors | None
    moments: list[Moment]


@router.get("/v1/forecast", dependencies=[scoped("reports:read")])
async def forecast(
    access: Authorized,
    running: Running,
    org_id: OrganizationParameter = None,
    product: Product | None = None,
    horizon_days: Horizon = 180,
    confidence: Confidence = 80,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[PoolForecast]:
    """When the seats of each pool run out, and how many to buy; of the organization and its units."""
    after = place_in(cursor, PLACE, 2)
    async with access.transaction() as conn:
        reach = await reach_of(access, conn, org_id)
        found = await list_pools(conn, reach.tenants, reach.units, product=product, after=after, limit=limit + 1)
        shown, following = first_page(found, limit, lambda row: [row["org_id"], row["product"]])
        terms = await load_terms(conn, [PoolKey(one["tenant_id"], one["org_id"], one["product"]) for one in shown])
    now, weeks = running.clock.now(), -(-horizon_days // 7)
    items = [to_item(row, own, now, weeks, confidence) for row, own in zip(shown, terms, strict=True)]
    return Page(items=items, next_cursor=following)


def to_item(row: RowMapping, terms: list[Term], now: datetime, weeks: int, confidence: float) -> PoolForecast:
    made = to_forecast(row["document"]) if row["document"] else UNMADE
    demand = int(row["assigned"] + row["waitlisted"] + row["suspended"])
    found = list(outlooks(now, demand, made.changes[:weeks], made.spread, terms, confidence))
    short = shortage(found)
    return PoolForecast(
        org_id=row["org_id"],
        organization=row["organization"],
        product=row["product"],
        made_at=row["made_at"],
        model=made.model,
        history_weeks=made.history_weeks,
        note=note_on(made, is_made=row["made_at"] is not None),
        demand=demand,
        waitlisted=int(row["waitlisted"]),
        capacity=found[0].capacity,
        runs_out_on=short.expected_on,
        runs_out_earliest_on=short.earliest_on,
        runs_out_latest_on=short.latest_on,
        because=reason_of(short),
        seats_to_buy=short.seats_to_buy,
        confidence=confidence,
        backtest=to_errors(made.backtest) if made.backtest else None,
        moments=[to_moment(one) for one in found],
    )


def note_on(made: Forecast, *, is_made: bool) -> str | None:
    """What to think of it, where that is not plain."""
    if not is_made:
        return "No forecast was made yet: demand is taken to stay as it is."
    if made.backtest is None:
        return f"Too little history ({made.history_weeks} of {FEWEST_WEEKS} weeks): demand is taken to stay as it is."
    if made.model in (LAST_VALUE, SEASONAL_NAIVE):
        return "The plain guess erred less in the past than any model did, so it is the forecast."
    return None


def reason_of(short: Shortage) -> str | None:
    if short.expected_on is None and short.earliest_on is None:
        return None
    return "license_ends" if short.ends_first else "demand"


def to_errors(told: Backtest) -> PastErrors:
    errors = [
        GuessError(
            model=name,
            mean_error=round(error.mean, 2),
            scaled_error=None if error.scaled is None else round(error.scaled, 2),
        )
        for name, error in told.errors.items()
    ]
    return PastErrors(weeks_ahead=told.weeks, origins=told.origins, errors=errors)


def to_moment(one: Outlook) -> Moment:
    return Moment(
        at=one.at,
        expected=round(one.expected, 1),
        low=round(one.low, 1),
        high=round(one.high, 1),
        capacity=one.capacity,
        room=one.room,
    )
