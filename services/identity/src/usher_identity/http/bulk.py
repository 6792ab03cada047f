"""/v1/users:bulk: acts on many people become a job that a worker runs; a dry run answers what they would do."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BaseModel, JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.bulk import Row
from usher_identity.domain.jobs import Job, Kind, Phase, RoleWords
from usher_identity.domain.roles import MANUAL
from usher_identity.http.acts import act_of
from usher_identity.http.bulk_rows import BulkBody, read_csv, read_json
from usher_identity.http.jobs import JobAnswer, OutcomeName, RowCounts, to_answer
from usher_identity.http.organizations import organization_for
from usher_identity.http.people import PersonState, to_state
from usher_identity.store.job_rows import add_rows
from usher_identity.store.jobs import add_job
from usher_identity.use_cases.bulk_preview import Preview, preview
from usher_kit import audit
from usher_kit.access import Access, Authorized
from usher_kit.audit import audited
from usher_kit.ids import new_id
from usher_kit.runtime import Running

PATH = "/v1/users:bulk"
MAX_BYTES = 32 * 1024**2
LOOP = "bulk"

router = APIRouter(tags=["users"])

CONTENT = {
    "application/json": {"schema": BulkBody.model_json_schema(ref_template="#/components/schemas/{model}")},
    "text/csv": {"schema": {"type": "string"}},
}


class RowPreview(BaseModel):
    """What would become of a row, `row` counted from 1."""

    row: int
    outcome: OutcomeName
    code: str | None
    reason: str | None


class HeldPreview(BaseModel):
    """What the guard on mass loss would hold, and why."""

    org_id: UUID
    people: int
    reason: str


class PreviewAnswer(BaseModel):
    """What a bulk change would do. `people` are those who would differ."""

    dry_run: bool = True
    counts: RowCounts
    rows: list[RowPreview]
    people: list[PersonState]
    held: list[HeldPreview]


@router.post(
    PATH,
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobAnswer,
    responses={200: {"model": PreviewAnswer, "description": "A dry run: what would be done"}},
    dependencies=[audited("bulk.start")],
    openapi_extra={"requestBody": {"required": True, "content": CONTENT}},
)
async def post_bulk(
    request: Request,
    access: Authorized,
    runtime: Running,
    response: Response,
    org_id: Annotated[UUID | None, Query(description="Whose people are meant; without it, all that are yours")] = None,
    dry_run: Annotated[bool, Query(description="Say what would be done, and do nothing")] = False,
) -> JobAnswer | Response:
    """Add, remove or set roles, transfer, archive, delete and restore, up to 100,000 rows of JSON or CSV.

    Each row is taken or refused by itself, the rows of one person in their order.
    """
    content = await request.body()
    is_csv = request.headers.get("content-type", "").startswith("text/csv")
    rows = await asyncio.to_thread(read_csv if is_csv else read_json, content)
    job = await job_of(access, runtime, org_id, rows, dry_run=dry_run)
    if dry_run:
        answer = await previewed(access, runtime, job, rows)
        return Response(answer.model_dump_json(), media_type="application/json")
    async with access.transaction(job.tenant_id) as conn:
        await add_job(conn, job)
        await add_rows(conn, job.tenant_id, job.id, rows)
        await record_start(conn, access, job)
    runtime.wake(LOOP)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return to_answer(job)


async def job_of(access: Access, runtime: Running, org_id: UUID | None, rows: list[Row], *, dry_run: bool) -> Job:
    """The job that is asked for. Raises Forbidden or NotFound where it is not the caller's to ask for."""
    is_system = access.caller.is_system
    about = org_id if is_system else org_id or access.caller.org_id
    tenant_id = OPERATORS_TENANT
    async with access.transaction() as conn:
        if about is None:
            access.require_system()
        else:
            await access.scope(conn, about, "org_admin")
            tenant_id = (await organization_for(access, conn, about, "org_admin")).tenant_id
    return Job(
        tenant_id=tenant_id,
        id=new_id(),
        source=MANUAL,
        target_id=about,
        is_dry_run=dry_run,
        words=RoleWords(),
        actor=access.caller.actor,
        file_name="",
        file_bytes=0,
        created_at=runtime.clock.now(),
        phase=Phase.ROWS,
        total=len(rows),
        kind=Kind.BULK,
        authority_id=None if is_system else access.caller.org_id,
    )


async def previewed(access: Access, runtime: Running, job: Job, rows: list[Row]) -> PreviewAnswer:
    """What the job would do, read in one transaction that writes nothing."""
    database = runtime.database
    tenants = await database.all_tenants() if job.target_id is None else [job.tenant_id]
    async with database.transaction(tenants) as conn:
        shown = await preview(conn, job, rows, tenants, act_of(access, runtime))
    return to_preview(shown)


async def record_start(conn: AsyncConnection, access: Access, job: Job) -> None:
    """Write down who asks for what."""
    after: dict[str, JsonValue] = {"rows": job.total}
    act = audit.Act("bulk.start", str(job.id), job.tenant_id, job.target_id, after=after)
    cause = access.cause().model_copy(update={"changeset": str(job.id)})
    await audit.record(conn, "identity", [act], at=job.created_at, cause=cause, address=access.address)


def to_preview(shown: Preview) -> PreviewAnswer:
    outcomes = [one.outcome.value for one in shown.results]
    return PreviewAnswer.model_validate(
        {
            "counts": {outcome: outcomes.count(outcome) for outcome in set(outcomes)},
            "rows": [
                {"row": one.number, "outcome": one.outcome.value, "code": one.code, "reason": one.reason}
                for one in shown.results
            ],
            "people": [to_state(one) for one in shown.people],
            "held": [
                {"org_id": one.excess.org_id, "people": one.excess.heads.losing, "reason": one.reason}
                for one in shown.held
            ],
        }
    )
