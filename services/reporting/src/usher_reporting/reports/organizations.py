"""The allocation by organization as rows: an organization and a product each (guide: System Admin → Licenses)."""

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_reporting.reports.dashboard import FIGURES, figures_of
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.store.figures import load_lines
from usher_reporting.store.organizations import load_organizations

AT_ONCE = 200


async def rows(conn: AsyncConnection, question: Question[Filters]) -> AsyncIterator[Row]:
    """Page by page, as the list is read, in the one moment of the transaction."""
    tenants = [tenant for tenant in question.reach.tenants if tenant != OPERATORS_TENANT]
    after = None
    while True:
        shown = await load_organizations(conn, tenants, question.reach.org_id, after=after, limit=AT_ONCE)
        lines = await load_lines(conn, [(one.tenant_id, one.org_id) for one in shown])
        for one in shown:
            for line in lines[one.org_id]:
                named = {"org_id": one.org_id, "organization": one.name, "parent_id": one.parent_id}
                yield {**figures_of(line), **named, "kind": one.kind, "depth": one.depth}
        if len(shown) < AT_ONCE:
            return
        after = (shown[-1].sort_name, shown[-1].org_id)


ORGANIZATIONS = Report(
    name="organizations",
    title="Allocation by organization",
    path="/v1/dashboard/organizations",
    columns=(
        Column("org_id", Kind.ID, "an organization, with all below it"),
        Column("organization", Kind.TEXT, "its name"),
        Column("parent_id", Kind.ID, "the organization above it"),
        Column("kind", Kind.TEXT, "what it is"),
        Column("depth", Kind.WHOLE, "how far below the top of the list, which is 0"),
        *FIGURES,
    ),
    filters=Filters,
    rows=rows,
)
