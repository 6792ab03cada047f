"""Identity as a relying party: a browser sent to another provider, and what it brings back judged and redeemed."""

import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit, urlunsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from usher_identity.domain.identity_providers import IdentityProvider, value_at
from usher_identity.oidc.issuers import Discovery, Issuers, WrongToken, document
from usher_kit.outbound.fetching import Outbound

LEEWAY_SECONDS = 60
LONGEST_CODE = 4_000
LOGGED_ERROR = 100


@dataclass(frozen=True, slots=True)
class Attempt:
    """One browser's way to a provider and back. Nonce and verifier are derived from what the browser alone keeps."""

    state: str
    browser_secret: str

    @property
    def nonce(self) -> str:
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        return self._derived("verifier")

    def _derived(self, what: str) -> str:
        digest = hmac.digest(self.browser_secret.encode(), f"{what}:{self.state}".encode(), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Identity as a client of one provider. `secret` is the client's, `now` the time that tokens are judged at."""

    provider: IdentityProvider
    secret: str
    redirect_uri: str
    issuers: Issuers
    outbound: Outbound
    now: int

    async def leads_to(self, attempt: Attempt, login_hint: str = "") -> str:
        """Where to send the browser. Raises as `Issuers.meet` does."""
        known = await self.issuers.meet(self.outbound, self.provider.issuer)
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(dict.fromkeys(("openid", *self.provider.scopes))),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": create_s256_code_challenge(attempt.verifier),
            "code_challenge_method": "S256",
            **({"login_hint": login_hint} if login_hint else {}),
        }
        parts = urlsplit(known.discovery.authorization_endpoint)
        query = "&".join(filter(None, (parts.query, urlencode(asked))))
        return urlunsplit(parts._replace(query=query, fragment=""))

    async def claims(self, attempt: Attempt, brought: Mapping[str, str]) -> Mapping[str, Any]:
        """What the provider says of who signed in, for what the browser brought back.

        Raises WrongToken where it is not what was asked for, NotFetched or AddressRefused where it cannot be asked.
        """
        known = await self.issuers.meet(self.outbound, self.provider.issuer)
        code = self._code_of(brought, known.discovery)
        tokens = await self._redeem(known.discovery, code, attempt)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise WrongToken("no id_token")
        header, claims = await self.issuers.decode(self.outbound, self.provider.issuer, id_token)
        self._check(header, claims, attempt.nonce, access_token if isinstance(access_token, str) else None)
        if isinstance(access_token, str) and self._lacks(claims) and known.discovery.userinfo_endpoint:
            return {**await self._userinfo(known.discovery.userinfo_endpoint, access_token, claims), **claims}
        return claims

    def _code_of(self, brought: Mapping[str, str], discovery: Discovery) -> str:
        """The code that came back. Raises WrongToken for a refusal, or for what another issuer sent (RFC 9207)."""
        issuer = brought.get("iss")
        if issuer != discovery.issuer and (issuer or discovery.authorization_response_iss_parameter_supported):
            raise WrongToken("iss of the response")
        if "error" in brought or not 0 < len(brought.get("code", "")) <= LONGEST_CODE:
            raise WrongToken(f"refused: {brought.get('error', 'no code')}"[:LOGGED_ERROR])
        return brought["code"]

    async def _redeem(self, discovery: Discovery, code: str, attempt: Attempt) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {"Accept": "application/json"}
        if "client_secret_basic" in discovery.token_endpoint_auth_methods_supported:
            named = f"{quote_plus(self.provider.client_id)}:{quote_plus(self.secret)}"
            headers["Authorization"] = f"Basic {b64encode(named.encode()).decode()}"
        else:
            form |= {"client_id": self.provider.client_id, "client_secret": self.secret}
        answer = await self.outbound.fetch(discovery.token_endpoint, method="POST", form=form, headers=headers)
        if answer.is_client_error:
            raise WrongToken(f"the token endpoint refused: {answer.status_code}")
        return document(answer)

    def _check(
        self, header: Mapping[str, Any], claims: Mapping[str, Any], nonce: str, access_token: str | None
    ) -> None:
        """Raises WrongToken for an ID token that is not the answer to this very attempt (Core, 3.1.3.7)."""
        options = {
            "iss": {"essential": True, "value": self.provider.issuer},
            "aud": {"essential": True, "value": self.provider.client_id},
        }
        params = {"nonce": nonce, "client_id": self.provider.client_id, "access_token": access_token}
        try:
            CodeIDToken(claims, header, options, params).validate(self.now, LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError) as error:
            raise WrongToken(f"claims: {error}"[:LOGGED_ERROR]) from error

    def _lacks(self, claims: Mapping[str, Any]) -> bool:
        """Whether the ID token leaves something out that matters: providers may keep it for the userinfo endpoint."""
        names = self.provider.claims
        wanted = [names.user_name, names.email, names.display_name, names.external_id, names.roles]
        return any(value_at(claims, name) is None for name in wanted if name)

    async def _userinfo(self, url: str, access_token: str, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the userinfo endpoint adds. Raises NotFetched or WrongToken if it cannot: roles hang on it."""
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        found = document(await self.outbound.fetch(url, headers=headers))
        if found.get("sub") != claims["sub"]:
            raise WrongToken("sub of userinfo")
        return found
