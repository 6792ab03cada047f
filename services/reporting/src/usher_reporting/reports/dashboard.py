"""The license dashboard as rows: a product each, and combined (guide: System Admin → Licenses)."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.dashboard import Line
from usher_reporting.reports.reach import Reach
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.store.figures import load_lines, load_sum


async def lines_of(conn: AsyncConnection, reach: Reach) -> Sequence[Line]:
    """The dashboard's lines of an organization with its units, or of all tenants together."""
    if reach.org_id is None:
        return await load_sum(conn, reach.tenants)
    return (await load_lines(conn, [(reach.tenants[0], reach.org_id)]))[reach.org_id]


def figures_of(line: Line) -> dict[str, Any]:
    """A line in the names that users hold in their hands (interfaces: HTTP conventions)."""
    people = line.people
    return {
        "product": line.product,
        "name": line.name,
        "total_licensed": line.total_licensed,
        "assigned": people.assigned,
        "available": line.available,
        "waitlisted": people.waitlisted,
        "suspended": people.suspended,
        "usage_percentage": line.usage_percentage,
        "active_users": people.active,
        "inactive_users": people.inactive,
        "never_used_users": people.never_used,
        "unknown_users": people.unknown,
        "utilization_percentage": line.utilization_percentage,
        "license_state": line.license_state,
        "starts_at": line.starts_at,
        "ends_at": line.ends_at,
        "over_allocated": line.over_allocated,
        "over_capacity": line.over_capacity,
        "note": line.note,
    }


FIGURES = (
    Column("product", Kind.TEXT, "the product; `combined` is people with seats of learn and of observe"),
    Column("name", Kind.TEXT, "the product's name"),
    Column("total_licensed", Kind.WHOLE, "seats; null where they are those of an ancestor's pool"),
    Column("assigned", Kind.WHOLE, "people who hold a seat"),
    Column("available", Kind.WHOLE, "seats less people who hold one; null as the seats are"),
    Column("waitlisted", Kind.WHOLE, "people who wait for a seat"),
    Column("suspended", Kind.WHOLE, "people whose seat is suspended with the license"),
    Column("usage_percentage", Kind.NUMBER, "assigned of all seats, 0 to 100"),
    Column("active_users", Kind.WHOLE, "people assigned who came within the window"),
    Column("inactive_users", Kind.WHOLE, "people assigned who did not"),
    Column("never_used_users", Kind.WHOLE, "people assigned who never came"),
    Column("unknown_users", Kind.WHOLE, "people assigned of whom nothing is told"),
    Column("utilization_percentage", Kind.NUMBER, "active of assigned, 0 to 100"),
    Column("license_state", Kind.TEXT, "the worst of the pools' states"),
    Column("starts_at", Kind.MOMENT, "when the license began"),
    Column("ends_at", Kind.MOMENT, "when it ends"),
    Column("over_allocated", Kind.YES_OR_NO, "whether more seats are held than the license keeps"),
    Column("over_capacity", Kind.WHOLE, "seats that are held beyond the capacity"),
    Column("note", Kind.TEXT, "how the line is counted, where that is not plain"),
)


async def rows(conn: AsyncConnection, question: Question[Filters]) -> AsyncIterator[Row]:
    for line in await lines_of(conn, question.reach):
        yield figures_of(line)


DASHBOARD = Report(
    name="dashboard",
    title="License dashboard",
    path="/v1/dashboard",
    columns=FIGURES,
    filters=Filters,
    rows=rows,
)
