"""Security headers: what a browser may load, do and keep of the console's pages."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SecurityHeaders:
    """ASGI middleware. Scripts and styles come from this origin alone, never inline.

    Forms may end at identity too, by a redirect: signing out does.
    """

    def __init__(self, app: ASGIApp, identity_url: str, *, is_secure: bool) -> None:
        self._app = app
        self._headers = headers(identity_url, is_secure=is_secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    found.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def headers(identity_url: str, *, is_secure: bool) -> dict[str, str]:
    """The headers of every answer; an answer's own stand."""
    identity = urlsplit(identity_url)
    policy = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        f"form-action 'self' {identity.scheme}://{identity.netloc}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    always = {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
    }
    return always | ({"Strict-Transport-Security": "max-age=31536000"} if is_secure else {})
