"""The report on usage over time by unit: how many people came, by day or by month (guide: Usage)."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Literal, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.reports.days import days_of
from usher_reporting.reports.reach import Reach
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.store.actives import Asked, actives_query
from usher_reporting.store.streams import stream

PeriodName: TypeAlias = Literal["day", "month"]
SHOWN = {"day": 30, "month": 365}
"""How many days back is looked where no `since` is given."""


class UsageFilters(Filters):
    """As `/v1/usage/organizations` takes them."""

    period: PeriodName = "day"
    since: date | None = None
    until: date | None = None


def asked_of(reach: Reach, period: PeriodName, since: date | None, until: date | None, today: date) -> Asked:
    """What is asked for; a month is asked for whole. Raises as `days_of` does."""
    first, last = days_of(since, until, today, back=SHOWN[period])
    if period == "month":
        first = first.replace(day=1)
    return Asked(reach.tenants, reach.units, period, first, last)


def asked_by(question: Question[UsageFilters]) -> Asked:
    filters = question.filters
    return asked_of(question.reach, filters.period, filters.since, filters.until, question.at.date())


async def rows(conn: AsyncConnection, question: Question[UsageFilters]) -> AsyncIterator[Row]:
    async for row in stream(conn, actives_query(asked_by(question))):
        yield {**row, "active_people": row["people"]}


USAGE = Report(
    name="usage",
    title="Usage over time by unit",
    path="/v1/usage/organizations",
    columns=(
        Column("starts_on", Kind.DAY, "the day, or the first of the month, where the organization is"),
        Column("org_id", Kind.ID, "the organization, without its units"),
        Column("organization", Kind.TEXT, "its name; null before it arrived"),
        Column("active_people", Kind.WHOLE, "different people who came"),
        Column("logins", Kind.WHOLE, "how often they did"),
    ),
    filters=UsageFilters,
    rows=rows,
    judge=asked_by,
)
