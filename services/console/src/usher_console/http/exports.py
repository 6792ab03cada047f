"""Exports: the files that were asked for, and the way to each, as mails link to it."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from usher_console.clients.calls import Missing, or_missing
from usher_console.http.pages import Console, ReportsReader, Running, SignedIn, missing_text, page, session_of
from usher_console.http.reports import NOTICE
from usher_console.rendering import render
from usher_console.views.exports import export_row
from usher_console.visitors import Visitor

KEPT = ("content-type", "content-disposition", "content-length", "etag")
Cursor = Annotated[str, Query(max_length=2_000)]

router = APIRouter(include_in_schema=False)


@router.get("/exports")
async def exports(request: Request, running: Running, found: ReportsReader, cursor: Cursor = "") -> HTMLResponse:
    """The visitor's files, the latest first, and those that a schedule made for them."""
    return page(
        request,
        "reports/exports.html",
        found,
        here="exports",
        notice=session_of(request).pop(NOTICE, None),
        fragment=address_of("/exports/list", cursor),
        **await files(running, found, cursor),
    )


@router.get("/exports/list")
async def list_alone(running: Running, found: ReportsReader, cursor: Cursor = "") -> HTMLResponse:
    """The list by itself, for a browser that waits for a file."""
    return HTMLResponse(render("reports/files.html", **await files(running, found, cursor)))


async def files(running: Console, found: Visitor, cursor: str) -> dict[str, Any]:
    """What the list's template shows."""
    answer = await or_missing(running.reporting.exports(found.token, cursor))
    if isinstance(answer, Missing):
        return {"rows": [], "missing": missing_text("reporting", "Exports"), "pending": False, "first": "", "later": ""}
    rows = [export_row(one) for one in answer.items]
    return {
        "rows": rows,
        "missing": "",
        "pending": any(row.is_pending for row in rows),
        "first": "/exports" if cursor else "",
        "later": address_of("/exports", answer.next_cursor) if answer.next_cursor else "",
    }


def address_of(path: str, cursor: str) -> str:
    return f"{path}?{urlencode({'cursor': cursor})}" if cursor else path


@router.get("/exports/{export_id}")
async def export(running: Running, found: SignedIn, export_id: UUID) -> StreamingResponse:
    """The file as it comes. Where it is not there, the page says why."""
    headers, content = await running.reporting.export_file(found.token, export_id)
    return StreamingResponse(content, headers={name: headers[name] for name in KEPT if name in headers})
