"""The way to a report's file, as mails link to it: whoever is signed in gets what reporting gives them."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from usher_console.http.pages import Running, SignedIn

KEPT = ("content-type", "content-disposition", "content-length", "etag")

router = APIRouter(include_in_schema=False)


@router.get("/exports/{export_id}")
async def export(running: Running, found: SignedIn, export_id: UUID) -> StreamingResponse:
    """The file as it comes. Where it is not there, the page says why."""
    headers, content = await running.reporting.export_file(found.token, export_id)
    return StreamingResponse(content, headers={name: headers[name] for name in KEPT if name in headers})
