"""Security headers, alike on every answer of every service: what a browser may load, do and keep of it."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Policy = Callable[[Any], str]
"""A service's Content-Security-Policy, by its settings."""

ALWAYS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
STAY_SECURE = {"Strict-Transport-Security": "max-age=31536000"}


def nothing(_: Any) -> str:
    """The policy of answers that are no pages: nothing may be loaded, and nobody may frame them."""
    return "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"


class SecurityHeaders:
    """ASGI middleware, around all else, so that failures carry them too. An answer's own headers stand."""

    def __init__(self, app: ASGIApp, settings: Callable[[], Any], policy: Policy = nothing) -> None:
        self.app = app
        # By this name FastAPI finds that its requests are traced already, and leaves them alone.
        self._settings = settings
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in self._headers(scope).items():
                    found.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    def _headers(self, scope: Scope) -> dict[str, str]:
        settings = self._settings()
        own = {"Content-Security-Policy": self._policy(settings), **ALWAYS}
        return {**own, **STAY_SECURE} if settings.is_secure or scope["scheme"] == "https" else own
