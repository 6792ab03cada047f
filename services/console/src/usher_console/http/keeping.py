"""/keep/{token}: where a warning's mail leads. Whoever has the link may keep the seat, without signing in.

Opening the page changes nothing, whoever or whatever follows the link; its button does. The form needs no token of the
session's: who could forge it would have to know the link, and could as well open it.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from usher_console.clients.calls import RefusedError
from usher_console.http.pages import Running, alone, theme
from usher_console.rendering import render
from usher_console.views.keeping import keeping
from usher_kit.runtime import Running as InProcess

SEE_OTHER, NOT_FOUND, CONFLICT, GONE = 303, 404, 409, 410

Token = Annotated[str, Path(max_length=2_000, pattern=r"^[A-Za-z0-9._-]+$")]

router = APIRouter(prefix="/keep", include_in_schema=False)


@router.get("/{token}")
async def look(request: Request, running: Running, runtime: InProcess, token: Token) -> HTMLResponse:
    """The seat, and the button that keeps it."""
    try:
        seat = await running.usage.look_at_link(token)
    except RefusedError as refused:
        return no_good(request, refused)
    said = keeping(seat, runtime.clock.now())
    return HTMLResponse(render("keep.html", said=said, action=request.url.path, theme=theme(request)))


@router.post("/{token}")
async def keep(request: Request, running: Running, token: Token) -> Response:
    """Keep it, and show the page again, which says so; a seat that is held no more is told of there too."""
    try:
        await running.usage.keep_by_link(token)
    except RefusedError as refused:
        if refused.status != CONFLICT:
            return no_good(request, refused)
    return RedirectResponse(request.url.path, SEE_OTHER)


def no_good(request: Request, refused: RefusedError) -> HTMLResponse:
    """What is wrong with a link, and what to do instead. Raises the refusal where it is of another kind."""
    if refused.status == GONE:
        text = "It was good for a limited time. Sign in to see your seats: who comes keeps them."
        return alone(request, "This link has run out", text, status=GONE, act="Sign in", href="/")
    if refused.status == NOT_FOUND:
        text = "Perhaps a part of it was lost: open it as it stands in the mail, whole. Or sign in to see your seats."
        return alone(request, "This link is not one of ours", text, status=NOT_FOUND, act="Sign in", href="/")
    raise refused
