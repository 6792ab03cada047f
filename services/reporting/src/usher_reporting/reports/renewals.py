"""The report on renewals: terms that end soon, the soonest first (guide: Expiration)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.dashboard import days_left
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.store.renewals import renewals_query
from usher_reporting.store.streams import stream

UPCOMING = timedelta(days=90)
"""How long before its end a term is `expiring` (seats: The life of a license term)."""


class RenewalFilters(Filters):
    """As `/v1/renewals` takes them."""

    within_days: Annotated[int, Field(ge=0, le=3_650)] = UPCOMING.days


async def rows(conn: AsyncConnection, question: Question[RenewalFilters]) -> AsyncIterator[Row]:
    until = question.at + timedelta(days=question.filters.within_days)
    async for row in stream(conn, renewals_query(question.reach.tenants, question.reach.units, until)):
        yield {**row, "days_left": days_left(row["ends_at"], question.at)}


RENEWALS = Report(
    name="renewals",
    title="Upcoming renewals",
    path="/v1/renewals",
    columns=(
        Column("term_id", Kind.ID, "the license term"),
        Column("org_id", Kind.ID, "the organization that bought it"),
        Column("organization", Kind.TEXT, "its name; null before it arrived"),
        Column("product", Kind.TEXT, "the product"),
        Column("seats", Kind.WHOLE, "seats that the term brings"),
        Column("ends_at", Kind.MOMENT, "when it ends"),
        Column("days_left", Kind.WHOLE, "whole days until then; 0 once it has ended"),
        Column("state", Kind.TEXT, "the state of the term"),
    ),
    filters=RenewalFilters,
    rows=rows,
)
