"""What the rules refuse, as HTTP answers."""

from fastapi import FastAPI, Request, Response

from usher_identity.domain.refusals import AlreadyTaken, NotAllowed, Refusal
from usher_kit.errors import Conflict, FieldError, Forbidden, Invalid, UsherError
from usher_kit.problems import on_usher_error

ANSWERS: dict[type[Refusal], type[UsherError]] = {Refusal: Invalid, NotAllowed: Forbidden, AlreadyTaken: Conflict}


async def on_refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 (registered for it alone)
    errors = (FieldError(refusal.pointer, refusal.detail),) if refusal.pointer else ()
    return await on_usher_error(request, ANSWERS[type(refusal)](refusal.detail, errors=errors))


def add_refusal_handler(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, on_refusal)
