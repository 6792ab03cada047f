"""A limit on request bodies, checked while they are read: a header that lies does not pass."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usher_kit.errors import TooLarge
from usher_kit.problems import problem

DEFAULT_BYTES = 1024 * 1024


class BodyLimit:
    """ASGI middleware: answers 413 to a body beyond the limit of its path."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limits.get(scope["path"], DEFAULT_BYTES)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
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
