"""/v1/jobs/{id}: how far a job is, what it has done, and what it reports, as JSON or as CSV."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.bulk import RowOutcome
from usher_identity.domain.incoming import Issue
from usher_identity.domain.jobs import Job, Kind
from usher_identity.domain.people import Foreseen
from usher_identity.http.people import PersonState
from usher_identity.store.job_issues import list_issues
from usher_identity.store.job_people import list_people
from usher_identity.store.job_rows import ShownRow, list_rows
from usher_identity.store.jobs import find_job
from usher_kit.access import Access, Authorized
from usher_kit.errors import NotFound
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, decode_id, first_page
from usher_kit.spreadsheets import harmless

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

CSV_TYPE = "text/csv"
CSV_PAGE = 5_000
HEADER = ("severity", "file", "line", "column", "code", "reason", "row_id")

OutcomeName = Literal["done", "unchanged", "refused", "held"]


class ProgressAnswer(BaseModel):
    """`done` of about `total` rows of people; `total` is null until a set was read."""

    phase: Literal["reading", "rows", "organizations", "people", "absent", "losses", "over"]
    done: int
    total: int | None


class OrganizationCounts(BaseModel):
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    not_taken: int = 0


class PeopleCounts(BaseModel):
    """Each person has one outcome. `not_taken` counts rows; `held` people whose losses the guard holds."""

    created: int = 0
    linked: int = 0
    changed: int = 0
    reactivated: int = 0
    archived: int = 0
    unchanged: int = 0
    not_taken: int = 0
    held: int = 0


class CountedCounts(BaseModel):
    """People who were counted and not imported."""

    student: int = 0
    parent: int = 0
    guardian: int = 0


class RowCounts(BaseModel):
    """A bulk job's rows by what became of them."""

    done: int = 0
    unchanged: int = 0
    refused: int = 0
    held: int = 0


class CountsAnswer(BaseModel):
    """`rows` is a bulk job's, the others are an import's."""

    organizations: OrganizationCounts
    people: PeopleCounts
    counted: CountedCounts
    rows: RowCounts


class ErrorAnswer(BaseModel):
    """Why the job failed: a stable code, and what was wrong and what to do."""

    code: str
    detail: str


class JobAnswer(BaseModel):
    id: UUID
    kind: Literal["import", "bulk"]
    state: Literal["waiting", "running", "done", "failed"]
    tenant_id: UUID | None
    """The tenant that an import is for; null: one tenant a root."""
    org_id: UUID | None
    """The organization whose people a bulk job is about; null: all."""
    source: str
    dry_run: bool
    file_name: str
    dialect: str | None
    mode: Literal["bulk", "delta"] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: ProgressAnswer
    counts: CountsAnswer
    issues: int
    """How many there are at `/v1/jobs/{id}/issues`."""
    error: ErrorAnswer | None


class IssueAnswer(BaseModel):
    """What was wrong with a row, or is to be known of a file. `error`: the row was not taken."""

    severity: Literal["error", "warning", "note"]
    file: str
    line: int | None
    column: str | None
    code: str
    reason: str
    row_id: str | None


class RowAnswer(BaseModel):
    """What became of a bulk job's row, `row` counted from 1; `outcome` is null until it is known."""

    row: int
    user: str
    act: str
    user_id: UUID | None
    outcome: OutcomeName | None
    code: str | None
    reason: str | None


@router.get("/{job_id}", dependencies=[scoped("imports:read")])
async def get_job(access: Authorized, job_id: UUID) -> JobAnswer:
    """A job's state, progress and counts."""
    async with access.transaction() as conn:
        return to_answer(await job_for(access, conn, job_id))


@router.get("/{job_id}/issues", response_model=Page[IssueAnswer], dependencies=[scoped("imports:read")])
async def get_issues(
    access: Authorized,
    job_id: UUID,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
    accept: Annotated[str, Header()] = "",
) -> Page[IssueAnswer] | StreamingResponse:
    """What a job reports, in the order found: a page as JSON; all of it as CSV to `Accept: text/csv`."""
    if accept.startswith(CSV_TYPE):
        return await get_issues_as_csv(access, job_id)
    after = decode_cursor(cursor, 1)
    async with access.transaction() as conn:
        job = await job_for(access, conn, job_id)
        found = await list_issues(conn, job.tenant_id, job.id, int(after[0]) if after else -1, limit + 1)
    shown, following = first_page(found, limit, lambda row: [row[0]])
    return Page(items=[to_issue(issue) for _, issue in shown], next_cursor=following)


@router.get("/{job_id}/issues.csv", response_class=StreamingResponse, dependencies=[scoped("imports:read")])
async def get_issues_as_csv(access: Authorized, job_id: UUID) -> StreamingResponse:
    """Everything that a job reports, as CSV."""
    async with access.transaction() as conn:
        job = await job_for(access, conn, job_id)
    headers = {"Content-Disposition": f'attachment; filename="issues-{job.id}.csv"'}
    return StreamingResponse(csv_lines(access, job), media_type=CSV_TYPE, headers=headers)


@router.get("/{job_id}/rows", dependencies=[scoped("imports:read")])
async def get_rows(
    access: Authorized,
    job_id: UUID,
    outcome: OutcomeName | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[RowAnswer]:
    """What became of each row of a bulk job, in the order in which they were given."""
    after = decode_cursor(cursor, 1)
    async with access.transaction() as conn:
        job = await job_for(access, conn, job_id)
        found = await list_rows(conn, job.tenant_id, job.id, outcome, int(after[0]) if after else 0, limit + 1)
    shown, following = first_page(found, limit, lambda row: [row.number])
    return Page(items=[to_row(row) for row in shown], next_cursor=following)


@router.get("/{job_id}/people", dependencies=[scoped("imports:read")])
async def get_people(
    access: Authorized, job_id: UUID, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
) -> Page[PersonState]:
    """Who would differ by an import that was a dry run, as they would be, in the form that `/v1/simulate` takes.

    Who would be in an organization that the import would make is shown in the nearest one above it that is there; those
    of a tenant that it would make are left out.
    """
    after = decode_id(cursor)
    async with access.transaction() as conn:
        job = await job_for(access, conn, job_id)
        found = await list_people(conn, job.tenant_id, job.id, after, limit + 1)
    page, following = first_page(found, limit, lambda row: [str(row.person_id)])
    return Page(items=[to_foreseen(one) for one in page], next_cursor=following)


def to_foreseen(one: Foreseen) -> PersonState:
    return PersonState.model_validate(
        {
            "tenant_id": one.tenant_id,
            "user_id": one.person_id,
            "org_id": one.org_id,
            "status": one.status,
            "roles": one.roles,
        }
    )


def to_row(row: ShownRow) -> RowAnswer:
    """A row; one that waits for the guard is as good as not done yet."""
    return RowAnswer(
        row=row.number,
        user=row.user,
        act=row.act,
        user_id=row.person_id,
        outcome=None if row.outcome == RowOutcome.STAGED else row.outcome,
        code=row.code,
        reason=row.reason,
    )


async def csv_lines(access: Access, job: Job) -> AsyncIterator[str]:
    """The job's issues as CSV, a page of them at a time."""
    yield csv_text([HEADER])
    after = -1
    while True:
        async with access.database.transaction([job.tenant_id]) as conn:
            found = await list_issues(conn, job.tenant_id, job.id, after, CSV_PAGE)
        if not found:
            return
        after = found[-1][0]
        yield csv_text([tuple(to_issue(issue).model_dump().values()) for _, issue in found])


def csv_text(rows: list[tuple[object, ...]]) -> str:
    """Rows as CSV; a text that a spreadsheet would run as a formula begins with an apostrophe."""
    written = io.StringIO()
    csv.writer(written).writerows([[harmless(cell) for cell in row] for row in rows])
    return written.getvalue()


async def job_for(access: Access, conn: AsyncConnection, job_id: UUID) -> Job:
    """A job that the caller may see: their tenant's administrators', or a system administrator. Raises NotFound."""
    job = await find_job(conn, job_id)
    is_seen = access.caller.is_system or await access.sees(conn, job.target_id if job else None, "org_admin")
    if job is None or not is_seen:
        raise NotFound("No such job, or it is not yours to see.")
    return job


def to_answer(job: Job) -> JobAnswer:
    return JobAnswer.model_validate(
        {
            "id": job.id,
            "state": job.state,
            "kind": job.kind,
            "tenant_id": job.target_id if job.kind == Kind.IMPORT else None,
            "org_id": job.target_id if job.kind == Kind.BULK else None,
            "source": job.source,
            "dry_run": job.is_dry_run,
            "file_name": job.file_name,
            "dialect": job.dialect,
            "mode": job.mode,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
            "progress": {"phase": job.phase, "done": job.position, "total": job.total},
            "counts": nested(job.counts),
            "issues": job.issues,
            "error": {"code": job.error_code, "detail": job.error} if job.error_code else None,
        }
    )


def nested(counts: Mapping[str, int]) -> Mapping[str, Mapping[str, int]]:
    """Counts by what was counted: `people.created` stands in `people`."""
    parts: dict[str, dict[str, int]] = {"organizations": {}, "people": {}, "counted": {}, "rows": {}}
    for name, count in counts.items():
        what, _, outcome = name.partition(".")
        parts[what][outcome] = count
    return parts


def to_issue(issue: Issue) -> IssueAnswer:
    return IssueAnswer.model_validate(
        {
            "severity": issue.severity.value,
            "file": issue.file,
            "line": issue.line,
            "column": issue.column,
            "code": issue.code,
            "reason": issue.reason,
            "row_id": issue.row_id,
        }
    )
