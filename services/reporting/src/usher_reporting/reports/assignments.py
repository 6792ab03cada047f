"""The report on assignments: every seat with its person and activity (guide: Reports → License Claims)."""

from collections.abc import AsyncIterator
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product
from usher_contracts.usage import Activity
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.store.assignments import Asked, assignments_query
from usher_reporting.store.streams import stream


class AssignmentFilters(Filters):
    """As `/v1/assignments` takes them."""

    product: Product | None = None
    user_id: UUID | None = None
    state: Literal["waitlisted", "assigned", "suspended", "withheld", "released"] | None = None
    activity: Activity | None = None


async def rows(conn: AsyncConnection, question: Question[AssignmentFilters]) -> AsyncIterator[Row]:
    asked = Asked(question.reach.tenants, question.reach.units, **question.filters.model_dump(), is_whole=True)
    async for row in stream(conn, assignments_query(asked)):
        yield dict(row)


ASSIGNMENTS = Report(
    name="assignments",
    title="Assignments and activity",
    path="/v1/assignments",
    columns=(
        Column("user_id", Kind.ID, "the person"),
        Column("display_name", Kind.TEXT, "the person's name; null before it arrived", is_personal=True),
        Column("user_name", Kind.TEXT, "what the person signs in as", is_personal=True),
        Column("product", Kind.TEXT, "the product of the seat"),
        Column("org_id", Kind.ID, "where the person is"),
        Column("organization", Kind.TEXT, "its name; null before it arrived"),
        Column("pool_id", Kind.ID, "the pool of the seat"),
        Column("state", Kind.TEXT, "the seat's state"),
        Column("since", Kind.MOMENT, "since when it is in it"),
        Column("assigned_since", Kind.MOMENT, "since when it is held without a break; null where it is not"),
        Column("activity", Kind.TEXT, "how a seat that is held is used"),
        Column("activity_since", Kind.MOMENT, "since when it is used so"),
        Column("last_login_at", Kind.MOMENT, "the last login that counts for it; of the past it is not told"),
        Column("version", Kind.WHOLE, "the seat's version"),
    ),
    filters=AssignmentFilters,
    rows=rows,
)
