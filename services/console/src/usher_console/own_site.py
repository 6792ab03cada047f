"""Acts are taken from the console's own pages alone, whichever route they go to."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from usher_kit.other_sites import WRITES, is_from_another_site


class OwnSite:
    """ASGI middleware: `refused` answers an act that another site sent. Each form's mark is looked at besides."""

    def __init__(self, app: ASGIApp, url: str, refused: ASGIApp) -> None:
        self._app = app
        self._url = url
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_act = scope["type"] == "http" and scope["method"] in WRITES
        refuses = is_act and is_from_another_site(Request(scope), self._url)
        await (self._refused if refuses else self._app)(scope, receive, send)
