"""Errors as RFC 9457 problem+json: the one place where they become HTTP answers."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from opentelemetry import trace
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException

from usher_kit import audit
from usher_kit.consuming import is_retryable
from usher_kit.database import Contended
from usher_kit.documented import MEDIA_TYPE
from usher_kit.errors import FieldError, Invalid, Unavailable, UsherError
from usher_kit.idempotency import Replayed

TYPE_PREFIX = "urn:usher:problem:"
RETRY_AFTER_SECONDS = "1"
UNSTORABLE = frozenset({"22021", "22P05"})
"""PostgreSQL's states for a text, or a text within JSON, that holds the character NUL."""

log = structlog.get_logger()


def trace_id() -> str | None:
    """The current trace's id, to look an answer up by."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def problem(
    status: int, slug: str, title: str, detail: str, errors: tuple[FieldError, ...] = (), headers: Any = None
) -> JSONResponse:
    """One problem document."""
    body: dict[str, Any] = {"type": TYPE_PREFIX + slug, "title": title, "status": status, "detail": detail}
    body["trace_id"] = trace_id()
    if errors:
        body["errors"] = [{"pointer": one.pointer, "detail": one.detail} for one in errors]
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


async def on_usher_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, UsherError)  # noqa: S101 (registered for it alone)
    if isinstance(error, Replayed):
        return error.response
    await audit.record_refusal(request, error)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    return problem(error.status, error.slug, error.title, error.detail, error.errors, headers)


async def on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = tuple(FieldError("/" + "/".join(map(str, one["loc"])), one["msg"]) for one in error.errors())
    detail = "; ".join(f"{one.pointer}: {one.detail}" for one in errors[:3])
    unread = {str(one["loc"][1]) for one in error.errors() if one["loc"][:1] == ("path",) and len(one["loc"]) > 1}
    await audit.record_refusal(request, Invalid(detail), unread)
    return problem(Invalid.status, Invalid.slug, Invalid.title, detail, errors)


async def on_http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = HTTPStatus(error.status_code)
    slug = status.phrase.lower().replace(" ", "_")
    return problem(status, slug, status.phrase, str(error.detail), headers=error.headers)


async def on_passing(request: Request, error: Exception) -> Response:
    """A server that is away, or two transactions in each other's way: waiting helps. Raises what does not pass.

    A text that PostgreSQL can't keep is told here too, for all texts of all services: it is the caller's to mend.
    """
    if getattr(getattr(error, "orig", None), "sqlstate", None) in UNSTORABLE:
        return await on_usher_error(
            request, Invalid("A text holds the character NUL, which can't be kept; leave it out.")
        )
    if not is_retryable(error):
        raise error
    log.info("request.unavailable", error=repr(error))
    detail = (
        "A server that this needs does not answer right now. Send the request again in a moment; "
        "with the same Idempotency-Key, nothing is done twice."
    )
    headers = {"Retry-After": RETRY_AFTER_SECONDS}
    return problem(Unavailable.status, Unavailable.slug, Unavailable.title, detail, headers=headers)


async def on_unexpected(_: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", error=repr(error), exc_info=error)
    detail = "This is our fault, not yours. Tell support the trace_id."
    return problem(500, "internal", "Something went wrong here", detail)


def add_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(UsherError, on_usher_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, on_http_error)
    for passing in (DBAPIError, NoConnectionFree, Contended, ConnectionError, TimeoutError):
        app.add_exception_handler(passing, on_passing)
    app.add_exception_handler(Exception, on_unexpected)
