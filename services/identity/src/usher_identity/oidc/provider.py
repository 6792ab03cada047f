"""The provider for one request: Authlib's authorization server over the papers on the desk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidRequestError, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oidc.rpinitiated import EndSessionRequest
from joserfc.jwk import KeySet

from usher_identity.domain.people import Person
from usher_identity.domain.sign_in import RefreshToken
from usher_identity.oidc import opaque
from usher_identity.oidc.desk import Desk
from usher_identity.oidc.grants import (
    ClientGrant,
    CodeGrant,
    ExchangeGrant,
    IdToken,
    RefreshGrant,
    RequiredChallenge,
    SignOut,
)
from usher_identity.oidc.parties import ClientInHand
from usher_identity.oidc.tokens import Signer

SECURE_URI = "https://usher.invalid/oauth"
"""Stands for the request's own address: whether it came by TLS is known to the ingress alone."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer: a body for JSON, or the headers of a redirect."""

    status: int
    body: Any
    headers: Sequence[tuple[str, str]]

    @property
    def location(self) -> str | None:
        return dict(self.headers).get("Location")


class Asked(OAuth2Request):  # type: ignore[misc]
    """A request's parameters, from its query or its form."""

    def __init__(self, method: str, parameters: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> None:
        super().__init__(method, SECURE_URI, headers=headers)
        self._parameters = dict(parameters)
        self.payload = BasicOAuth2Payload(self._parameters)
        for name in self._parameters:
            self.payload.datalist[name] = [value for key, value in parameters if key == name]

    @property
    def args(self) -> dict[str, str]:
        return self._parameters

    @property
    def form(self) -> dict[str, str]:
        return self._parameters


class Provider(AuthorizationServer):  # type: ignore[misc]
    """Judges one request by what lies on the desk, and leaves its decisions there."""

    def __init__(self, desk: Desk, signer: Signer, keys: KeySet, sign_in_lasts: timedelta) -> None:
        super().__init__()
        self.desk = desk
        self.keys = keys
        self.signer = signer
        self._sign_in_lasts = sign_in_lasts
        self.register_token_generator("default", self._make_token)
        self.register_grant(CodeGrant, [RequiredChallenge(required=True), IdToken(self)])
        self.register_grant(RefreshGrant)
        self.register_grant(ClientGrant)
        self.register_grant(ExchangeGrant)
        self.register_endpoint(SignOut)

    def token(self, asked: Asked) -> Reply:
        """The answer of the token endpoint."""
        try:
            reply: Reply = self.create_token_response(asked)
        except ValueError:  # what a sender can garble: credentials that are no text, parameters that errors can't show
            reply = self.handle_error_response(asked, InvalidRequestError("The request is malformed."))
        return reply

    def consent(self, asked: Asked) -> CodeGrant:
        """The grant that an authorization request asks for. Raises OAuth2Error where it is refused."""
        try:
            grant: CodeGrant = self.get_consent_grant(asked, self.desk.signed_in)
        except ValueError as error:
            raise InvalidRequestError("The request is malformed.") from error
        return grant

    def authorize(self, asked: Asked, grant: CodeGrant) -> Reply:
        """The redirect that carries the code of who is signed in."""
        reply: Reply = self.create_authorization_response(asked, self.desk.signed_in, grant)
        return reply

    def refuse(self, asked: Asked, error: OAuth2Error) -> Reply:
        """The refusal of an authorization request: a redirect, where its redirect URI could be trusted."""
        reply: Reply = self.handle_error_response(asked, error)
        return reply

    def sign_out(self, asked: Asked) -> EndSessionRequest:
        """What a sign-out request asks for. Raises OAuth2Error for one that is wrong."""
        try:
            found: EndSessionRequest = self.validate_endpoint_request("end_session", asked)
        except ValueError as error:
            raise InvalidRequestError("The request is malformed.") from error
        return found

    def end_session(self, wanted: EndSessionRequest) -> Reply | None:
        """Sign out whoever is signed in. The redirect to the client, where its address could be trusted."""
        reply: Reply | None = self.create_endpoint_response("end_session", wanted)
        return reply

    def query_client(self, client_id: str) -> ClientInHand | None:
        client = self.desk.client
        return ClientInHand(client) if client and client.id == client_id else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Nothing more: access tokens are not kept, and the refresh token lies on the desk."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Asked) -> Asked:
        return request

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Reply:
        return Reply(status, body, headers)

    def _make_token(
        self,
        grant_type: str,  # noqa: ARG002 (Authlib's signature)
        client: ClientInHand,
        user: Person | None,
        scope: str | None,
        expires_in: int | None,  # noqa: ARG002
        include_refresh_token: bool,
    ) -> dict[str, Any]:
        granted = scope if user else client.get_allowed_scope(scope)
        lives = self.signer.for_as_long(client.client).lives
        token: dict[str, Any] = {"token_type": "Bearer", "expires_in": int(lives.total_seconds())}
        token["scope"] = granted or ""
        if user is None:
            token["access_token"] = self.signer.for_client(client.client, token["scope"])
        else:
            session_id = self.desk.session.id if self.desk.session else None
            token["access_token"] = self.signer.for_person(user, client.client.id, token["scope"], session_id)
            if include_refresh_token:
                token["refresh_token"] = self._make_refresh_token(client, user, token["scope"])
        return token

    def _make_refresh_token(self, client: ClientInHand, user: Person, scope: str) -> str:
        desk, secret = self.desk, opaque.make(user.tenant_id)
        assert desk.session is not None  # noqa: S101 (whoever gets a refresh token is signed in)
        desk.new_refresh = RefreshToken(
            user.tenant_id,
            secret.hash,
            desk.session.id,
            user.id,
            client.client.id,
            scope,
            desk.at,
            desk.at + self._sign_in_lasts,
        )
        return secret.text
