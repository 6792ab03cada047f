"""/v1/exports: a report as a file, made by a worker and kept for some days; /v1/jobs tells how far one is."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Response, status
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.errors import Conflict, Gone, Invalid, NotFound
from usher_kit.ids import new_id
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_id, first_page
from usher_kit.runtime import Running
from usher_reporting.domain.exports import Export, Format, Removed, State
from usher_reporting.exporting.authority import check_scope, home_of, owner_of
from usher_reporting.http.export_answers import ExportAnswer, to_answer
from usher_reporting.reports.catalogue import report_named
from usher_reporting.reports.reach import reach_of
from usher_reporting.reports.report import Question, Report
from usher_reporting.store.exports import (
    add_exports,
    count_open,
    find_export,
    list_exports,
    load_part,
    remove_export,
)

LOOP = "exports"

router = APIRouter(tags=["exports"])


class ExportRequest(BaseModel):
    """Which report, of which organization with its units, and narrowed how: by what its own page takes."""

    model_config = ConfigDict(extra="forbid")

    report: str
    format: Format
    org_id: UUID | None = None
    filters: dict[str, JsonValue] = {}
    at: Annotated[AwareDatetime | None, Field(description="A past moment: the file is what was known then")] = None


@router.post(
    "/v1/exports",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[scoped("reports:write"), audited("export.start")],
)
async def post_export(access: Authorized, runtime: Running, response: Response, body: ExportRequest) -> ExportAnswer:
    """Ask for a report as a file. Answers at once with the job that makes it, by what the caller may see then."""
    report, owner = report_named(body.report), owner_of(access.caller)
    check_scope(access.caller, report)
    wanted, at = report.read(body.filters), runtime.clock.now()
    check_moment(report, body.at, at)
    filters = wanted.model_dump(mode="json", by_alias=True, exclude_unset=True)
    async with access.transaction() as conn:
        reach = await reach_of(access, conn, body.org_id)
        report.check(Question(reach, wanted, at))
        most = runtime.settings.exports_waiting
        if await count_open(conn, owner) >= most:
            raise Conflict(f"{most} of your exports are not done yet: wait for one, or remove one, and ask again.")
        export = Export(home_of(reach), new_id(), owner, report.name, body.format, body.org_id, filters, at, body.at)
        await add_exports(conn, [export])
        after: dict[str, JsonValue] = {"report": export.report, "format": export.format, "filters": sorted(filters)}
        await write_down(conn, access, "export.start", export, at, after)
    runtime.wake(LOOP)
    response.headers["Location"] = f"/v1/jobs/{export.id}"
    return to_answer(export)


def check_moment(report: Report[Any], asked: datetime | None, now: datetime) -> None:
    """Raises Invalid for a moment that has not come, or of which the report says nothing."""
    if asked and not report.has_past:
        raise Invalid(f"The report {report.name} has no past: each of its rows says when it was.", pointer="/at")
    if asked and asked > now:
        raise Invalid(f"{asked.isoformat()} has not come: it is {now.isoformat()} now.", pointer="/at")


@router.get("/v1/exports", dependencies=[scoped("reports:read")])
async def get_exports(
    access: Authorized, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
) -> Page[ExportAnswer]:
    """The caller's exports, and those made for them by a schedule, the latest first; a system administrator's all."""
    before = decode_id(cursor)
    async with access.transaction() as conn:
        reach = await reach_of(access, conn, None)
        owner = owner_of(access.caller)
        found = await list_exports(conn, owner, before, limit + 1, every=access.caller.is_system)
    shown, following = first_page(found, limit, lambda one: [one.id])
    within = [one for one in shown if one.coverage is None or reach.covers(one.coverage.tenants, one.coverage.units)]
    return Page(items=[to_answer(one) for one in within], next_cursor=following)


@router.get("/v1/exports/{export_id}", dependencies=[scoped("reports:read")])
async def get_export(access: Authorized, export_id: UUID) -> ExportAnswer:
    """What was asked, how far it is, and the file once there is one."""
    async with access.transaction() as conn:
        return to_answer(await export_for(access, conn, export_id))


@router.get("/v1/jobs/{export_id}", tags=["jobs"], dependencies=[scoped("reports:read")])
async def get_job(access: Authorized, export_id: UUID) -> ExportAnswer:
    """The same, where jobs are told of."""
    return await get_export(access, export_id)


@router.get(
    "/v1/exports/{export_id}/file",
    response_class=StreamingResponse,
    responses={304: {"description": "The file is the one that If-None-Match names"}},
    dependencies=[scoped("reports:read"), audited("export.download")],
)
async def get_file(
    access: Authorized,
    runtime: Running,
    export_id: UUID,
    if_none_match: Annotated[str | None, Header(max_length=1_000)] = None,
) -> Response:
    """The file. 409 as long as there is none, with why; 410 once it is there no longer."""
    async with access.transaction() as conn:
        export = await export_for(access, conn, export_id)
        headers = headers_of(export)
        if if_none_match and headers["ETag"] in [one.strip() for one in if_none_match.split(",")]:
            return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"ETag": headers["ETag"]})
        await write_down(conn, access, "export.download", export, runtime.clock.now())
    return StreamingResponse(parts_of(access, export), media_type=export.format.media_type, headers=headers)


@router.delete(
    "/v1/exports/{export_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[scoped("reports:write"), audited("export.remove")],
)
async def delete_export(access: Authorized, runtime: Running, export_id: UUID) -> None:
    """Remove an export with its file; one that is being made is not made any further. Its owner may, alone."""
    async with access.transaction() as conn:
        export = await export_for(access, conn, export_id)
        if not (access.caller.is_system or is_owner(access, export)):
            raise NotFound("This export is somebody else's to remove.")
        await remove_export(conn, export)
        await write_down(conn, access, "export.remove", export, runtime.clock.now())


async def export_for(access: Access, conn: AsyncConnection, export_id: UUID) -> Export:
    """An export that the caller may see: who asked for it, who it was made for, a system administrator.

    What it holds has to be within their reach still. Raises NotFound, and Forbidden without a role that reads reports.
    """
    export = await find_export(conn, export_id)
    reach = await reach_of(access, conn, None)
    if export is None or not is_theirs(access, export):
        raise NotFound("No such export, or it is not yours to see.")
    check_scope(access.caller, report_named(export.report))
    if export.coverage and not reach.covers(export.coverage.tenants, export.coverage.units):
        raise NotFound("No such export, or it is not yours to see any more.")
    return export


def is_theirs(access: Access, export: Export) -> bool:
    return access.caller.is_system or is_owner(access, export) or access.caller.user_id in export.recipients


def is_owner(access: Access, export: Export) -> bool:
    caller, owner = access.caller, export.owner
    return (caller.tenant_id, caller.actor) == (owner.tenant_id, owner.actor)


def headers_of(export: Export) -> dict[str, str]:
    """The headers of its file. Raises Conflict where there is none yet, or never will be, and Gone where it was."""
    if export.removed is Removed.EXPIRED:
        raise Gone("The file was kept for its days, and has expired: ask for the export again.")
    if export.removed is Removed.ERASURE:
        raise Gone("The file went when somebody whom it may have named was erased: ask for the export again.")
    if export.state is State.FAILED:
        raise Conflict(f"There is no file, since the export failed: {export.error}")
    if export.written is None:
        raise Conflict(f"The file is not there yet: /v1/jobs/{export.id} tells how far it is.")
    return {
        "Content-Disposition": f'attachment; filename="{export.file_name}"',
        "Content-Length": str(export.written.size),
        "ETag": f'"{export.written.digest}"',
        "Cache-Control": "private, no-store",
    }


async def parts_of(access: Access, export: Export) -> AsyncIterator[bytes]:
    """The file, part by part. Where it is removed meanwhile, it ends early, which its length tells."""
    number = 0
    while True:
        async with access.database.transaction([export.tenant_id]) as conn:
            content = await load_part(conn, export, number)
        if content is None:
            return
        yield content
        number += 1


async def write_down(
    conn: AsyncConnection,
    access: Access,
    name: str,
    export: Export,
    at: datetime,
    after: dict[str, JsonValue] | None = None,
) -> None:
    """Write the act into the audit log."""
    cause = access.cause().model_copy(update={"changeset": str(export.id)})
    act = Act(name, str(export.id), export.tenant_id, export.org_id, after=after)
    await record(conn, "reporting", [act], at=at, cause=cause, address=access.address)
