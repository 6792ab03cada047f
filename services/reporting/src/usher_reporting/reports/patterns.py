"""The report on patterns of claims: what happened month by month, how long people waited, how many left."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, Literal, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product
from usher_reporting.domain.patterns import Period, months
from usher_reporting.reports.days import days_of
from usher_reporting.reports.reach import Reach
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.store.patterns import KINDS, NOWHERE, Asked, load_patterns
from usher_reporting.store.patterns import Row as Found

By: TypeAlias = Literal["month", "product", "organization", "reason"]
AT_ONCE = 1_000
BACK = 365
"""How many days back is looked where no `since` is given."""


class PatternFilters(Filters):
    """As `/v1/claims/patterns` takes them."""

    group_by: Sequence[By] = ("month",)
    product: Product | None = None
    since: date | None = None
    until: date | None = None


def asked_of(
    reach: Reach, product: str | None, by: frozenset[str], since: date | None, until: date | None, today: date
) -> Asked:
    """What is asked for. Raises as `days_of` does."""
    days = days_of(since, until, today, back=BACK)
    return Asked(reach.tenants, reach.units, product, by, list(months(*days)) if "month" in by else [Period(*days)])


def asked_by(question: Question[PatternFilters]) -> Asked:
    filters = question.filters
    by = frozenset(filters.group_by)
    return asked_of(question.reach, filters.product, by, filters.since, filters.until, question.at.date())


def figures_of(row: Found, asked: Asked) -> dict[str, Any]:
    """A row in the names that users hold in their hands; what is not told apart is null."""
    place, pattern, by_reason = row.place, row.pattern, "reason" in asked.by
    return {
        "since": place.first,
        "until": next(period.last for period in asked.periods if period.first == place.first),
        "product": place.product or None,
        "org_id": None if place.org_id == NOWHERE else place.org_id,
        "organization": row.organization,
        "reason": place.reason or None,
        "claims": sum(pattern.kinds.values()),
        **pattern.kinds,
        "seats_entered": pattern.entered,
        "seats_left": pattern.left,
        "seats_transferred": pattern.transferred,
        "net_change": pattern.net_change,
        "seats_held": None if by_reason else pattern.held,
        "churn_percentage": None if by_reason else pattern.churn_percentage,
        "waited_seats": sum(pattern.waits.values()),
        "waited_median_seconds": pattern.waited_seconds(0.5),
        "waited_p90_seconds": pattern.waited_seconds(0.9),
    }


async def rows(conn: AsyncConnection, question: Question[PatternFilters]) -> AsyncIterator[Row]:
    asked, after = asked_by(question), None
    while True:
        found = await load_patterns(conn, asked, after=after, limit=AT_ONCE)
        for row in found:
            yield figures_of(row, asked)
        if len(found) < AT_ONCE:
            return
        after = found[-1].place


PATTERNS = Report(
    name="claim-patterns",
    title="Patterns of license claims",
    path="/v1/claims/patterns",
    columns=(
        Column("since", Kind.DAY, "the period's first day, where the tenant is"),
        Column("until", Kind.DAY, "its last day"),
        Column("product", Kind.TEXT, "the product; null where products are not told apart"),
        Column("org_id", Kind.ID, "the organization without its units; null where they are not told apart"),
        Column("organization", Kind.TEXT, "its name"),
        Column("reason", Kind.TEXT, "why it happened; null where reasons are not told apart"),
        Column("claims", Kind.WHOLE, "all claims of the period"),
        *(Column(kind, Kind.WHOLE, f"claims of the kind {kind}") for kind in KINDS),
        Column("seats_entered", Kind.WHOLE, "seats that came to be held"),
        Column("seats_left", Kind.WHOLE, "seats that ceased to be held"),
        Column(
            "seats_transferred", Kind.WHOLE, "seats that came with people from other organizations, less those gone"
        ),
        Column("net_change", Kind.WHOLE, "what seats held changed by"),
        Column("seats_held", Kind.WHOLE, "seats held at the period's end; null where reasons are told apart"),
        Column("churn_percentage", Kind.NUMBER, "seats left, of those held on the middle day; null where none was"),
        Column("waited_seats", Kind.WHOLE, "seats that were given after a wait"),
        Column("waited_median_seconds", Kind.WHOLE, "within which half of those had waited, within 2.5 %"),
        Column("waited_p90_seconds", Kind.WHOLE, "within which 90 % of them had"),
    ),
    filters=PatternFilters,
    rows=rows,
    judge=asked_by,
)
