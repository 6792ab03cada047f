"""The report on administrative acts: the audit log as it is searched, newest first, by the text that hashes cover."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import AwareDatetime, Field, TypeAdapter
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.audit import AuditOutcome
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.store.audit_search import audit_query
from usher_reporting.store.streams import stream

LISTED = (
    "tenant_id",
    "position",
    "at",
    "service",
    "actor",
    "act",
    "target",
    "org_id",
    "organization",
    "outcome",
    "event_id",
    "trace_id",
    "hash",
)
"""What stands beside an entry's text."""

OF_TEXT = ("reason", "before", "after", "address", "causation_id", "correlation_id", "changeset")
"""What stands in the text alone."""

MOMENT: TypeAdapter[datetime] = TypeAdapter(datetime)
Word = Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]


class AuditFilters(Filters):
    """As `/v1/audit` takes them."""

    actor: Word | None = None
    act: Word | None = None
    target: Word | None = None
    outcome: AuditOutcome | None = None
    since: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = Field(None, alias="to")


def to_entry(row: RowMapping) -> dict[str, Any]:
    """The entry by its own text or, where that is no act, by what stands beside it; then it is not readable."""
    try:
        return {**by_document(row), "is_readable": True}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {**{name: row[name] for name in LISTED}, **dict.fromkeys(OF_TEXT), "is_readable": False}


def by_document(row: RowMapping) -> dict[str, Any]:
    """The entry by its text; only its place, its hash and its organization's name come from beside it.

    Raises ValueError, LookupError, TypeError or AttributeError for a text that is no act.
    """
    event: dict[str, Any] = orjson.loads(row["document"])
    act: dict[str, Any] = event["data"]
    return {
        "tenant_id": row["tenant_id"],
        "position": row["position"],
        "service": event["type"].split(".")[1],
        "actor": event["actor"],
        "organization": row["organization"],
        "event_id": event["id"],
        "causation_id": event.get("causationid"),
        "correlation_id": event.get("correlationid"),
        "changeset": event.get("changeset"),
        "trace_id": row["trace_id"],
        "hash": row["hash"],
        **{
            name: act[name]
            for name in ("at", "act", "target", "org_id", "outcome", "reason", "before", "after", "address")
        },
    }


async def rows(conn: AsyncConnection, question: Question[AuditFilters]) -> AsyncIterator[Row]:
    reach = question.reach
    async for row in stream(conn, audit_query(reach.tenants, reach.units, question.filters.model_dump())):
        entry = to_entry(row)
        states = {"before": as_json(entry["before"]), "after": as_json(entry["after"])}
        yield {**entry, **states, "at": MOMENT.validate_python(entry["at"])}


def as_json(state: Mapping[str, Any] | None) -> str | None:
    return None if state is None else orjson.dumps(state).decode()


AUDIT = Report(
    name="audit",
    title="Administrative acts",
    path="/v1/audit",
    columns=(
        Column("tenant_id", Kind.ID, "in whose log it stands"),
        Column("position", Kind.WHOLE, "its place there, from 1"),
        Column("at", Kind.MOMENT, "when it was done or refused"),
        Column("service", Kind.TEXT, "which service did"),
        Column("actor", Kind.TEXT, "who asked for it, by id"),
        Column("act", Kind.TEXT, "what it was"),
        Column("target", Kind.TEXT, "to what, by id"),
        Column("org_id", Kind.ID, "the organization that it concerned"),
        Column("organization", Kind.TEXT, "its name; null before it arrived"),
        Column("outcome", Kind.TEXT, "done or refused"),
        Column("reason", Kind.TEXT, "why it was refused, or the note that came with it"),
        Column("before", Kind.TEXT, "ids and figures before, as JSON"),
        Column("after", Kind.TEXT, "ids and figures after, as JSON"),
        Column("address", Kind.TEXT, "the network address that it came from"),
        Column("event_id", Kind.TEXT, "the fact that told of it"),
        Column("causation_id", Kind.TEXT, "the message that caused it"),
        Column("correlation_id", Kind.TEXT, "the message that it all began with"),
        Column("changeset", Kind.TEXT, "the job that it was part of"),
        Column("trace_id", Kind.TEXT, "the trace in which it happened"),
        Column("hash", Kind.TEXT, "covers the entry and the one before it"),
        Column("is_readable", Kind.YES_OR_NO, "no: the text was changed behind the service's back"),
    ),
    filters=AuditFilters,
    rows=rows,
    scope="audit:read",
    has_past=False,
)
