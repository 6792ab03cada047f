"""The report on compliance: each license with its findings and what to do, a row each (seats: Compliance)."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product
from usher_contracts.reporting import ComplianceStatus
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.store.compliance import standings_query
from usher_reporting.store.streams import stream


class ComplianceFilters(Filters):
    """As `/v1/compliance` takes them."""

    status: ComplianceStatus | None = None
    product: Product | None = None


async def rows(conn: AsyncConnection, question: Question[ComplianceFilters]) -> AsyncIterator[Row]:
    reach, filters = question.reach, question.filters
    query = standings_query(reach.tenants, reach.units, status=filters.status, product=filters.product)
    async for row in stream(conn, query):
        findings: list[dict[str, Any]] = row["findings"] or [{}]
        for finding in findings:
            figures = orjson.dumps(finding["figures"]).decode() if finding else None
            yield {**row, **finding, "figures": figures}


COMPLIANCE = Report(
    name="compliance",
    title="Compliance, with findings and recommendations",
    path="/v1/compliance",
    columns=(
        Column("org_id", Kind.ID, "the organization that licenses the product"),
        Column("organization", Kind.TEXT, "its name; null before it arrived"),
        Column("product", Kind.TEXT, "the product"),
        Column("status", Kind.TEXT, "compliant, at_risk or non_compliant"),
        Column("since", Kind.MOMENT, "since when it has this status"),
        Column("judged_at", Kind.MOMENT, "when it was judged so last"),
        Column("code", Kind.TEXT, "a finding; null where nothing was found"),
        Column("people", Kind.WHOLE, "how many people the finding concerns"),
        Column("act", Kind.TEXT, "what mends it"),
        Column("figures", Kind.TEXT, "the finding's figures, as JSON"),
    ),
    filters=ComplianceFilters,
    rows=rows,
)
