"""What the rules refuse, as HTTP answers."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from usher_identity.domain.refusals import AlreadyTaken, NotAllowed, Refusal
from usher_kit.errors import Conflict, FieldError, Forbidden, Invalid, UsherError
from usher_kit.problems import problem

ANSWERS: dict[type[Refusal], type[UsherError]] = {Refusal: Invalid, NotAllowed: Forbidden, AlreadyTaken: Conflict}


async def on_refusal(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 (registered for it alone)
    answer = ANSWERS[type(refusal)]
    errors = (FieldError(refusal.pointer, refusal.detail),) if refusal.pointer else ()
    return problem(HTTPStatus(answer.status), answer.slug, answer.title, refusal.detail, errors)


def add_refusal_handler(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, on_refusal)
