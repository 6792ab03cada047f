"""The tokens that identity signs: they say who, not what (interfaces: Roles and what they may do)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey

from usher_identity.domain.machines import LIVES
from usher_identity.domain.people import Person
from usher_identity.domain.sign_in import Client
from usher_identity.oidc.keys import ALGORITHM
from usher_kit.ids import new_id
from usher_kit.tokens import AUDIENCE, CLIENT_ORG, CLIENT_TENANT

USER_ID_TYPE = "urn:usher:user-id"
"""The subject token type of an exchange: a person's id, for a client that acts as a system administrator."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs the tokens of one request."""

    key: ECKey
    issuer: str
    lives: timedelta
    at: datetime

    def for_client(self, client: Client, scope: str) -> str:
        """An access token of a client by itself. A machine's says where it may act, and lives a while at most."""
        claims: dict[str, Any] = {"sub": client.id, "client_id": client.id, "scope": scope}
        if client.reach:
            claims |= {CLIENT_TENANT: str(client.reach.tenant_id), CLIENT_ORG: str(client.reach.org_id)}
        return self._signed({**claims, **self.for_as_long(client).times()})

    def for_as_long(self, client: Client) -> "Signer":
        """The signer of the client's tokens."""
        return replace(self, lives=min(self.lives, LIVES)) if client.reach else self

    def for_person(self, person: Person, client_id: str, scope: str, session_id: UUID | None) -> str:
        """An access token of a person, used through a client; worth nothing once its session has ended."""
        who = {"sub": str(person.id), "tenant": str(person.tenant_id), "client_id": client_id, "scope": scope}
        return self._signed({**who, "sid": str(session_id)} if session_id else who)

    def times(self) -> dict[str, int]:
        """`iat` and `exp` of a token made now."""
        return {"iat": int(self.at.timestamp()), "exp": int((self.at + self.lives).timestamp())}

    def _signed(self, claims: dict[str, Any]) -> str:
        common = {"iss": self.issuer, "aud": AUDIENCE, "jti": str(new_id()), **self.times()}
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, {**common, **claims}, self.key, algorithms=[ALGORITHM])
