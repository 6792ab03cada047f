"""Reports: each as a page that can be narrowed, shared by its address, asked of a past moment, and had as a file."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from usher_console.clients.calls import Missing, RefusedError, or_missing
from usher_console.clients.reporting import ReportPage
from usher_console.http.licenses import OrganizationId
from usher_console.http.pages import OwnForm, ReportsReader, Running, missing_text, page, session_of
from usher_console.views.organizations import organization_choices
from usher_console.views.sheets import SHEETS, Sheet

PAGE = 50
NOTICE = "exports.notice"
SEE_OTHER = 303
UNPROCESSABLE = 422
FORMATS = {"xlsx": "Excel", "csv": "CSV", "parquet": "Parquet"}

SheetName = Annotated[str, Path(pattern="^(" + "|".join(SHEETS) + ")$")]
Moment = Annotated[str, Query(max_length=25, pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?)?$")]

router = APIRouter(include_in_schema=False)


@router.get("/reports")
async def reports(found: ReportsReader) -> RedirectResponse:  # noqa: ARG001 (a reader alone is led on)
    return RedirectResponse("/reports/claims", SEE_OTHER)


@router.get("/reports/{name}")
async def report(
    request: Request,
    running: Running,
    found: ReportsReader,
    name: SheetName,
    org_id: OrganizationId = None,
    at: Moment = "",
    cursor: Annotated[str, Query(max_length=2_000)] = "",
) -> HTMLResponse:
    sheet = SHEETS[name]
    given = {one.name: request.query_params.get(one.name, "") for one in sheet.filters}
    asked = {**filters_of(sheet, given), "at": moment_of(sheet, at)}
    answer, organizations = await asyncio.gather(
        rows_or_refusal(
            running.reporting.report(found.token, sheet.path, org_id=org_id, cursor=cursor, limit=PAGE, **asked)
        ),
        or_missing(running.identity.organizations(found.token)),
    )
    known = [] if isinstance(organizations, Missing) else organizations
    chosen = {**given, "org_id": str(org_id or ""), "at": at}
    shown = answer if isinstance(answer, ReportPage) else ReportPage()
    return page(
        request,
        "reports/sheet.html",
        found,
        here=f"reports.{name}",
        sheet=sheet,
        given=given,
        chosen=chosen,
        is_narrowed=any(chosen.values()),
        choices=organization_choices(known, "All organizations", org_id),
        at=at,
        table=sheet.table(shown.items),
        problem=answer if isinstance(answer, str) else "",
        missing=missing_text("reporting", "Reports") if isinstance(answer, Missing) else "",
        first=address_of(name, chosen) if cursor else "",
        later=address_of(name, {**chosen, "cursor": shown.next_cursor}) if shown.next_cursor else "",
        formats=FORMATS,
    )


def filters_of(sheet: Sheet, given: Mapping[str, str]) -> dict[str, str | list[str]]:
    """What reporting is asked, by what was chosen on the page."""
    return {one.name: one.sent(given[one.name]) for one in sheet.filters if given[one.name]}


def moment_of(sheet: Sheet, at: str) -> str | None:
    """The moment that a page was asked to be of, in UTC; none for now, and for a report that has no past."""
    return f"{at}Z" if at and sheet.has_past else None


async def rows_or_refusal(asked: Awaitable[ReportPage]) -> ReportPage | Missing | str:
    """The rows, or what reporting says is wrong with the question, which the page shows beside its form."""
    try:
        return await or_missing(asked)
    except RefusedError as error:
        if error.status != UNPROCESSABLE:
            raise
        return error.detail


def address_of(name: str, chosen: Mapping[str, str | None]) -> str:
    query = urlencode({key: value for key, value in chosen.items() if value})
    return f"/reports/{name}?{query}" if query else f"/reports/{name}"


@router.post("/reports/{name}/exports", dependencies=[OwnForm])
async def export_report(
    request: Request,
    running: Running,
    found: ReportsReader,
    name: SheetName,
    file_format: Annotated[str, Form(alias="format", pattern="^(csv|xlsx|parquet)$")],
    org_id: Annotated[str, Form()] = "",
    at: Annotated[str, Form(max_length=25)] = "",
) -> RedirectResponse:
    """Ask for what the page shows, all of it, as a file. A worker makes it; the list of exports has it then."""
    sheet, form = SHEETS[name], await request.form()
    given = {one.name: str(form.get(one.name, "")) for one in sheet.filters}
    asked, moment = filters_of(sheet, given), moment_of(sheet, at)
    try:
        await running.reporting.start_export(found.token, name, file_format, org_id or None, asked, moment)
    except RefusedError as error:
        session_of(request)[NOTICE] = {"text": f"No file was made. {error.detail}", "tone": "stop"}
    return RedirectResponse("/exports", SEE_OTHER)
