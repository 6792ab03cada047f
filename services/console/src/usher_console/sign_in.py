"""Signing in: identity's authorization code flow with PKCE, through Authlib."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from usher_console.clients.calls import AwayError
from usher_console.settings import ConsoleSettings
from usher_kit.clock import Clock, SystemClock

CLIENT_ID = "console"
SCOPE = "openid"
"""Who somebody is, is asked at /v1/me each time: no name or address is kept with the session."""
LEEWAY_SECONDS = 120
EARLY_SECONDS = 60
"""How long before its end an access token is renewed."""


class SignInFailedError(Exception):
    """Identity sent back something that is no sign-in of this browser's."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The console as a client of identity."""

    settings: ConsoleSettings
    client: Any
    clock: Clock

    async def begin(self, request: Request, **ways: str) -> Response:
        """Send the browser to identity; `ways` say by what it offers to sign in. Raises AwayError."""
        try:
            redirect: Response = await self.client.authorize_redirect(
                request, self._address("/sign-in/callback"), **ways
            )
        except httpx2.HTTPError as error:
            raise AwayError("identity") from error
        return redirect

    async def finish(self, request: Request) -> dict[str, Any]:
        """What a session keeps of the sign-in that identity has sent back. Raises SignInFailedError or AwayError."""
        try:
            token = await self.client.authorize_access_token(request, leeway=self._leeway())
        except (OAuthError, JoseError, ValueError) as error:
            raise SignInFailedError(type(error).__name__) from error
        except httpx2.HTTPError as error:
            raise AwayError("identity") from error
        return {**self._kept(token), "id_token": token.get("id_token"), "csrf": secrets.token_urlsafe(32)}

    def is_due(self, kept: Mapping[str, Any]) -> bool:
        """Whether the access token is about to expire, and can be renewed."""
        due = kept.get("renew_at")
        return isinstance(due, float) and due <= self.clock.now().timestamp() and bool(kept.get("refresh_token"))

    async def renew(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """What the session keeps from now on. Raises SignInFailedError where the sign-in has ended, or AwayError."""
        try:
            token = await self.client.fetch_access_token(
                grant_type="refresh_token", refresh_token=kept["refresh_token"]
            )
        except OAuthError as error:
            raise SignInFailedError(type(error).__name__) from error
        except httpx2.HTTPError as error:
            raise AwayError("identity") from error
        return self._kept(token)

    def _kept(self, token: Mapping[str, Any]) -> dict[str, Any]:
        lives = float(token.get("expires_in", 0))
        renew_at = self.clock.now().timestamp() + lives - EARLY_SECONDS if lives else None
        return {"token": token["access_token"], "refresh_token": token.get("refresh_token"), "renew_at": renew_at}

    async def end(self, id_token: str | None) -> Response:
        """Where the browser goes after its session has ended: by way of identity, if identity ends sessions too."""
        home = self._address("/signed-out")
        try:
            metadata = await self.client.load_server_metadata()
        except httpx2.HTTPError:
            metadata = {}
        if not metadata.get("end_session_endpoint"):
            return RedirectResponse(home, 303)
        answer = await self.client.create_logout_url(post_logout_redirect_uri=home, id_token_hint=id_token)
        return RedirectResponse(answer["url"], 303)

    def _address(self, path: str) -> str:
        return self.settings.console_url.rstrip("/") + path

    def _leeway(self) -> int:
        """Identity signs by the one clock, which may be moved; the library reads the machine's."""
        moved = abs((self.clock.now() - SystemClock().now()).total_seconds())
        return LEEWAY_SECONDS + int(moved)


def sign_in(settings: ConsoleSettings, clock: Clock, **client: Any) -> SignIn:
    """The flow as these settings have it; `client` goes to the HTTP client."""
    registered = OAuth().register(
        CLIENT_ID,
        client_id=CLIENT_ID,
        client_secret=settings.console_client_secret,
        server_metadata_url=f"{settings.identity_url}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", **client},
    )
    return SignIn(settings, registered, clock)
