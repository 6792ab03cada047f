"""The grants: Authlib's, over the papers on the desk. They read and decide; nothing here waits or writes."""

from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    BaseGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    TokenEndpointMixin,
)
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from authlib.oidc.rpinitiated import EndSessionEndpoint, EndSessionRequest
from joserfc.jwk import KeySet

from usher_identity.domain.people import Person
from usher_identity.domain.sign_in import CODE_LIVES, Code
from usher_identity.oidc import opaque
from usher_identity.oidc.keys import ALGORITHM
from usher_identity.oidc.parties import ClientInHand, CodeInHand, RefreshInHand
from usher_identity.oidc.tokens import USER_ID_TYPE
from usher_kit.access import ADMIN_SCOPE

if TYPE_CHECKING:
    from usher_identity.oidc.provider import Provider

AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (a name)


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """Codes that can be used once; a second use ends the session that they stem from."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    server: "Provider"

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        desk, asked = self.server.desk, request.payload
        assert desk.session is not None  # noqa: S101 (a code is made for who is signed in)
        desk.new_code = Code(
            desk.session.tenant_id,
            opaque.hash_secret(code),
            desk.session.id,
            desk.session.person_id,
            request.client.get_client_id(),
            asked.redirect_uri,
            request.scope,
            asked.data.get("nonce"),
            asked.data["code_challenge"],
            desk.session.created_at,
            desk.at + CODE_LIVES,
        )

    def generate_authorization_code(self) -> str:
        session = self.server.desk.session
        assert session is not None  # noqa: S101
        return opaque.make(session.tenant_id).text

    def query_authorization_code(self, code: str, client: ClientInHand) -> CodeInHand | None:  # noqa: ARG002
        desk = self.server.desk
        if desk.code is None or desk.code.client_id != client.client.id:
            return None
        if desk.code.is_replayed():
            desk.stolen = True
        by_password = desk.session is not None and desk.session.provider_id is None
        return CodeInHand(desk.code, by_password) if desk.code.is_usable(desk.at) else None

    def delete_authorization_code(self, authorization_code: CodeInHand) -> None:
        self.server.desk.used_code = authorization_code.code

    def authenticate_user(self, authorization_code: CodeInHand) -> Person | None:  # noqa: ARG002
        return self.server.desk.signed_in


class RequiredChallenge(CodeChallenge):  # type: ignore[misc]
    """PKCE, of every client, by S256 alone."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE is required: send a code_challenge, and S256 as its code_challenge_method.")
        super().validate_code_challenge(grant, redirect_uri)


class IdToken(OpenIDCode):  # type: ignore[misc]
    """ID tokens beside the access tokens of scope `openid`."""

    def __init__(self, provider: "Provider") -> None:
        super().__init__(require_nonce=False)
        self._provider = provider

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:  # noqa: ARG002
        """Never: a code is good once, so its nonce comes back once."""
        return False

    def resolve_client_private_key(self, client: ClientInHand) -> Any:  # noqa: ARG002
        return self._provider.signer.key

    def get_encode_header(self, client: ClientInHand) -> dict[str, str | None]:  # noqa: ARG002
        return {"alg": ALGORITHM, "kid": self._provider.signer.key.kid}

    def get_client_claims(self, client: ClientInHand) -> dict[str, Any]:
        signer, session = self._provider.signer, self._provider.desk.session
        claims = {"iss": signer.issuer, "aud": client.client.id, **signer.times()}
        return {**claims, "sid": str(session.id)} if session else claims

    def generate_user_info(self, user: Person, scope: str) -> dict[str, Any]:
        return user_info(user, scope)


class SignOut(EndSessionEndpoint):  # type: ignore[misc]
    """Sign-out that a client asks for (RP-Initiated Logout)."""

    server: "Provider"

    def get_server_jwks(self) -> KeySet:
        return self.server.keys

    def get_algorithms(self) -> list[str]:
        return [ALGORITHM]

    def end_session(self, end_session_request: EndSessionRequest) -> None:  # noqa: ARG002
        self.server.desk.signed_out = True


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """Refresh tokens that are used once, each followed by another."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True
    server: "Provider"

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshInHand | None:  # noqa: ARG002
        desk = self.server.desk
        if desk.refresh is None:
            return None
        own = desk.client is not None and desk.refresh.client_id == desk.client.id
        desk.stolen = own and desk.refresh.is_replayed(desk.at)
        return RefreshInHand(desk.refresh) if desk.refresh.is_usable(desk.at) else None

    def authenticate_user(self, refresh_token: RefreshInHand) -> Person:  # noqa: ARG002
        """Whom the session is of. Raises InvalidGrantError where it has ended, or they are no longer active."""
        person = self.server.desk.signed_in
        if person is None:
            raise InvalidGrantError("The session has ended: sign in again.")
        return person

    def revoke_old_credential(self, refresh_token: RefreshInHand) -> None:
        self.server.desk.used_refresh = refresh_token.token


class ClientGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """A client by itself, with the scopes that are its own."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_requested_scope(self) -> None:
        asked = set((self.request.payload.scope or "").split())
        if not asked <= self.request.client.client.scopes:
            raise InvalidScopeError("The client has no such scope.")


class ExchangeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """Token exchange (RFC 8693): a client that acts as a system administrator gets a person's token, by their id."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    GRANT_TYPE = EXCHANGE
    server: "Provider"

    def validate_token_request(self) -> None:
        client: ClientInHand = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(EXCHANGE) or ADMIN_SCOPE not in client.client.scopes:
            raise UnauthorizedClientError("The client may not exchange tokens.")
        if self.request.form.get("subject_token_type") != USER_ID_TYPE:
            raise InvalidRequestError(f"The subject_token_type is to be {USER_ID_TYPE}.")
        person = self.server.desk.person
        if person is None or person.status != "active":
            raise InvalidGrantError("The subject_token names nobody who is active.")
        self.request.client = client
        self.request.user = person

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        token = self.generate_token(user=self.request.user, scope="openid", include_refresh_token=False)
        return 200, {**token, "issued_token_type": ACCESS_TOKEN_TYPE}, self.TOKEN_RESPONSE_HEADER


def user_info(person: Person, scope: str) -> dict[str, Any]:
    """The claims about a person that `scope` asks for."""
    asked = set(scope.split())
    claims: dict[str, Any] = {"sub": str(person.id)}
    if "profile" in asked:
        claims |= {"name": person.display_name, "preferred_username": person.user_name}
    if "email" in asked and person.email:
        claims["email"] = person.email
    return claims
