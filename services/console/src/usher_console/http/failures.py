"""Failures as pages: calm, saying what to do next, and never a stack trace."""

from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from usher_console.clients.calls import AwayError, RefusedError, SignedOutError
from usher_console.http.pages import NotAllowedError, SignInNeededError, address, alone
from usher_kit.problems import trace_id

UNAUTHORIZED = 401
NOT_FOUND = 404
FORBIDDEN = 403

log = structlog.get_logger()


async def on_sign_in_needed(request: Request, _: Exception) -> Response:
    """A page leads to sign in and back. What a script asked for is refused, and the script loads the page."""
    if request.method != "GET" or is_for_script(request):
        return Response(status_code=UNAUTHORIZED)
    return RedirectResponse(f"/sign-in?next={quote(address(request), safe='')}", 303)


def is_for_script(request: Request) -> bool:
    return "x-fragment" in request.headers or request.url.path == "/live"


async def on_not_allowed(request: Request, error: Exception) -> HTMLResponse:
    return alone(request, "This page is not open to you", str(error), status=FORBIDDEN, act="Go to the start")


async def on_refused(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, RefusedError)  # noqa: S101 (registered for it alone)
    if error.status == NOT_FOUND:
        return not_found(request)
    return alone(request, "That could not be done", error.detail, status=error.status, act="Go to the start")


async def on_away(request: Request, error: Exception) -> HTMLResponse:
    """Without identity nobody can be known, so nothing is shown."""
    assert isinstance(error, AwayError)  # noqa: S101
    text = f"The {error.service} service is not answering. Nothing is lost: try again in a moment."
    return alone(request, "One moment, please", text, status=503, act="Try again", href=again(request))


def again(request: Request) -> str:
    return address(request) if request.method == "GET" and "callback" not in request.url.path else "/"


async def on_invalid_request(request: Request, _: Exception) -> HTMLResponse:
    """A form says what is wrong with it by itself: what comes here was an address."""
    return not_found(request)


async def on_http_error(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == NOT_FOUND:
        return not_found(request)
    return alone(request, "That could not be done", str(error.detail), status=error.status_code, act="Go to the start")


def not_found(request: Request) -> HTMLResponse:
    text = "There is nothing at this address, or it is not yours to see."
    return alone(request, "Not found", text, status=NOT_FOUND, act="Go to the start")


async def on_unexpected(request: Request, error: Exception) -> HTMLResponse:
    log.error("request.failed", error=type(error).__name__, exc_info=error)
    text = "This is our fault, not yours. Tell support this number: "
    return alone(request, "Something went wrong here", text + (trace_id() or "none"), status=500, act="Go to the start")


async def sessions_away(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer while Redis is away: nobody is taken for signed in."""
    request = Request(scope, receive)
    text = "The console cannot look up your session just now. Nothing is lost: try again in a moment."
    answer = alone(request, "One moment, please", text, status=503, act="Try again", href=again(request))
    await answer(scope, receive, send)


async def sent_by_another_site(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer to an act that another site sent."""
    request = Request(scope, receive)
    text = "Another site sent this, so it was not done. Go to the page here, and do it there."
    answer = alone(request, "That was not done", text, status=FORBIDDEN, act="Go to the start")
    await answer(scope, receive, send)


def add_failure_pages(app: FastAPI) -> None:
    """Answer failures with pages instead of the kit's problem documents."""
    app.add_exception_handler(SignInNeededError, on_sign_in_needed)
    app.add_exception_handler(SignedOutError, on_sign_in_needed)
    app.add_exception_handler(NotAllowedError, on_not_allowed)
    app.add_exception_handler(RefusedError, on_refused)
    app.add_exception_handler(AwayError, on_away)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_unexpected)
