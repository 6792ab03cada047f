"""Statements on what jobs report, in the order in which it was found."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.incoming import Issue, Severity

ADD = text("""
    insert into job_issue (tenant_id, job_id, number, severity, file, line, "column", code, reason, row_id)
    select :tenant, :job, number, severity, file, line, col, code, reason, row_id
    from unnest(cast(:numbers as bigint[]), cast(:severities as text[]), cast(:files as text[]),
        cast(:lines as bigint[]), cast(:columns as text[]), cast(:codes as text[]), cast(:reasons as text[]),
        cast(:row_ids as text[])) as issue (number, severity, file, line, col, code, reason, row_id)
""")
LIST = text("""
    select number, severity, file, line, "column", code, reason, row_id from job_issue
    where tenant_id = :tenant and job_id = :job and number > :after order by number limit :limit
""")

REMOVE_OLD = text("""
    delete from job_issue i using job j
    where j.tenant_id = i.tenant_id and j.id = i.job_id and j.finished_at < :before
""")
REMOVE = text("delete from job_issue where tenant_id = :tenant and job_id = :job")


async def add_issues(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, first: int, issues: Sequence[Issue]) -> None:
    """Write a job's next issues, of which `first` is the number of the first."""
    if not issues:
        return
    await conn.execute(
        ADD,
        {
            "tenant": tenant_id,
            "job": job_id,
            "numbers": list(range(first, first + len(issues))),
            "severities": [str(issue.severity) for issue in issues],
            "files": [issue.file for issue in issues],
            "lines": [issue.line for issue in issues],
            "columns": [issue.column for issue in issues],
            "codes": [issue.code for issue in issues],
            "reasons": [issue.reason for issue in issues],
            "row_ids": [issue.row_id for issue in issues],
        },
    )


async def remove_issues(conn: AsyncConnection, tenant_id: UUID, job_id: UUID) -> None:
    """Forget what a job reported."""
    await conn.execute(REMOVE, {"tenant": tenant_id, "job": job_id})


async def remove_old_issues(conn: AsyncConnection, before: datetime) -> None:
    """Forget what jobs reported that were over before `before`."""
    await conn.execute(REMOVE_OLD, {"before": before})


async def list_issues(
    conn: AsyncConnection, tenant_id: UUID, job_id: UUID, after: int, limit: int
) -> Sequence[tuple[int, Issue]]:
    """A job's issues with their numbers, those after number `after`."""
    rows = await conn.execute(LIST, {"tenant": tenant_id, "job": job_id, "after": after, "limit": limit})
    return [(row.number, from_row(row)) for row in rows]


def from_row(row: Row[Any]) -> Issue:
    return Issue(row.file, row.line, row.column, row.code, row.reason, row.row_id, Severity(row.severity))
