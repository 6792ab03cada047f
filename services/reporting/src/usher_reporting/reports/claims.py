"""The report on claims: the license history, newest first (guide: Reports → License Claims)."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import ClaimKind, Product, SeatReason
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.store.claims import claims_query
from usher_reporting.store.streams import stream

Word = Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]


class ClaimFilters(Filters):
    """As `/v1/claims` takes them."""

    product: Product | None = None
    user_id: UUID | None = None
    kind: ClaimKind | None = None
    reason: SeatReason | None = None
    actor: Word | None = None
    changeset: Word | None = None
    since: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = Field(None, alias="to")


async def rows(conn: AsyncConnection, question: Question[ClaimFilters]) -> AsyncIterator[Row]:
    reach = question.reach
    async for row in stream(conn, claims_query(reach.tenants, reach.units, question.filters.model_dump())):
        yield dict(row)


CLAIMS = Report(
    name="claims",
    title="License claims",
    path="/v1/claims",
    columns=(
        Column("at", Kind.MOMENT, "when it happened"),
        Column("user_id", Kind.ID, "the person"),
        Column("display_name", Kind.TEXT, "the person's name; null before it arrived", is_personal=True),
        Column("product", Kind.TEXT, "the product of the seat"),
        Column("org_id", Kind.ID, "the person's organization at that time"),
        Column("organization", Kind.TEXT, "its name; null before it arrived"),
        Column("pool_id", Kind.ID, "the pool of the seat; null where none served"),
        Column("kind", Kind.TEXT, "what happened"),
        Column("reason", Kind.TEXT, "why"),
        Column("from_state", Kind.TEXT, "the seat's state before"),
        Column("state", Kind.TEXT, "the seat's state after"),
        Column("version", Kind.WHOLE, "the seat's version"),
        Column("actor", Kind.TEXT, "who or what did it, by id"),
        Column("message_id", Kind.TEXT, "the fact that told of it"),
        Column("causation_id", Kind.TEXT, "the message that caused it"),
        Column("correlation_id", Kind.TEXT, "the message that it all began with"),
        Column("trace_id", Kind.TEXT, "the trace in which it happened"),
        Column("changeset", Kind.TEXT, "the import or bulk job that it was part of"),
        Column("is_void", Kind.YES_OR_NO, "whether a restored backup undid it"),
    ),
    filters=ClaimFilters,
    rows=rows,
)
