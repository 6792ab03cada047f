"""The one hierarchy of errors that a caller can cause, each with a stable slug and its HTTP status."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one value of a request: where, as a JSON pointer, and why."""

    pointer: str
    detail: str


class UsherError(Exception):
    """Something that the caller can understand and mend; `detail` says what was wrong, where, and what to do."""

    slug: ClassVar[str] = "error"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    title: ClassVar[str] = "The request could not be done"

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class Invalid(UsherError):
    slug = "invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The request is not valid"

    def __init__(self, detail: str, *, pointer: str | None = None, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail, errors=errors or ((FieldError(pointer, detail),) if pointer is not None else ()))


class Unauthenticated(UsherError):
    slug = "unauthenticated"
    status = HTTPStatus.UNAUTHORIZED
    title = "A valid token is needed"


class Forbidden(UsherError):
    slug = "forbidden"
    status = HTTPStatus.FORBIDDEN
    title = "Not allowed"


class NotFound(UsherError):
    """Also the answer for what exists but may not be seen: existence itself is not told."""

    slug = "not_found"
    status = HTTPStatus.NOT_FOUND
    title = "Not found"


class Gone(UsherError):
    """For what was there, and will not be again."""

    slug = "gone"
    status = HTTPStatus.GONE
    title = "No longer there"


class Conflict(UsherError):
    slug = "conflict"
    status = HTTPStatus.CONFLICT
    title = "In conflict with the current state"


class TooLarge(UsherError):
    slug = "too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The request is too large"


class Unavailable(UsherError):
    slug = "unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Not available right now"
