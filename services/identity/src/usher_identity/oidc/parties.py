"""Clients, codes and refresh tokens in the shape that Authlib's grants ask for."""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin

from usher_identity.domain.sign_in import Client, Code, RefreshToken
from usher_identity.oidc.keys import ALGORITHM
from usher_identity.oidc.opaque import hash_secret

OPENID_SCOPES = frozenset({"openid", "profile", "email"})


@dataclass(frozen=True)
class ClientInHand(ClientMixin):  # type: ignore[misc]
    """A client whose secret is known by its hash."""

    client: Client

    id_token_signed_response_alg = ALGORITHM

    @property
    def client_metadata(self) -> dict[str, Any]:
        return {"post_logout_redirect_uris": list(self.client.sign_out_uris)}

    def get_client_id(self) -> str:
        return self.client.id

    def get_default_redirect_uri(self) -> None:
        """None: a request names its redirect URI, exactly."""
        return

    def get_allowed_scope(self, scope: str | None) -> str:
        """What of `scope` is the client's; without one, all that is."""
        asked = scope.split() if scope else sorted(self.client.scopes)
        return " ".join(one for one in asked if one in self.client.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        sent, former = hash_secret(client_secret), self.client.former_hash
        return compare_digest(sent, self.client.secret_hash) or (former is not None and compare_digest(sent, former))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 (Authlib's signature)
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.client.grant_types


@dataclass(frozen=True)
class CodeInHand(AuthorizationCodeMixin):  # type: ignore[misc]
    """An authorization code that can be used."""

    code: Code
    by_password: bool

    code_challenge_method = "S256"

    @property
    def code_challenge(self) -> str:
        return self.code.code_challenge

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri

    def get_scope(self) -> str:
        return self.code.scope

    def get_nonce(self) -> str | None:
        return self.code.nonce

    def get_auth_time(self) -> int:
        return int(self.code.signed_in_at.timestamp())

    def get_acr(self) -> None:
        """None: no way to sign in is said to be better than another."""
        return

    def get_amr(self) -> list[str] | None:
        """None where another provider knows how they proved who they are."""
        return ["pwd"] if self.by_password else None


@dataclass(frozen=True)
class RefreshInHand(TokenMixin):  # type: ignore[misc]
    """A refresh token that can be used."""

    token: RefreshToken

    def check_client(self, client: ClientInHand) -> bool:
        return self.token.client_id == client.client.id

    def get_scope(self) -> str:
        return self.token.scope
