"""A limit on request bodies, checked while they are read: a header that lies does not pass."""

from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usher_kit.errors import TooLarge
from usher_kit.problems import problem

DEFAULT_BYTES = 1024 * 1024


class BodyLimit:
    """ASGI middleware: answers 413 to a body beyond the limit of its path.

    Below a path that has a form of errors of its own, reading the body raises TooLarge, and the application answers.
    """

    def __init__(self, app: ASGIApp, limits: Mapping[str, int], own_form: Sequence[str] = ()) -> None:
        self._app = app
        self._limits = limits
        self._own_form = tuple(own_form)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limits.get(scope["path"], DEFAULT_BYTES)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        has_own_form = bool(self._own_form) and scope["path"].startswith(self._own_form)
        if declared.isdigit() and int(declared) > limit and not has_own_form:
            answer = problem(TooLarge.status, TooLarge.slug, TooLarge.title, too_large(limit))
            await answer(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise TooLarge(too_large(limit))
            return message

        await self._app(scope, counted, send)


def too_large(limit: int) -> str:
    return f"The body is larger than the {limit} bytes that this address takes; send it in parts."
