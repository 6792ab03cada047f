"""Tokens: who calls, by identity's signature, and not what they may do (interfaces: Roles and what they may do)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from usher_kit.clock import Clock
from usher_kit.errors import Unauthenticated, Unavailable
from usher_kit.machines import Bound

AUDIENCE = "usher"
CLIENT_TENANT, CLIENT_ORG = "client_tenant", "client_org"
"""Claims of a machine's token. A person's says `tenant`: neither is ever taken for the other."""

ALGORITHMS = ["ES256"]
"""The one algorithm that is taken: neither `none` nor a shared secret ever passes."""

LEEWAY_SECONDS = 30
KEYS_FRESH_SECONDS = 300.0
"""How long keys are used before they are read again; an unknown key id is looked for at once, though not in a storm."""

KEYS_RETRY_SECONDS = 5.0
MOST_KEPT = 4_096
"""Tokens whose signature is remembered, of at most this many callers at a time."""


class KeySource(Protocol):
    """Gives the keys that tokens are checked by: published ones, or identity's own."""

    async def __call__(self, *, look_again: bool) -> KeySet:
        """The keys; `look_again` when a token did not pass by those given before."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for: a person of a tenant, a tenant's machine, or a client of the deployment's."""

    user_id: UUID | None
    """The person; none for a client by itself."""
    tenant_id: UUID | None
    client_id: str | None
    scopes: frozenset[str]
    session_id: UUID | None = None
    """The sign-in that a person's token stems from."""
    bound: Bound | None = None
    """A machine's reach. Its scopes are of `usher_kit.machines`, whatever the deployment's own clients call theirs."""


class PublishedKeys:
    """Identity's keys as its JWKS publishes them, kept while identity is away."""

    def __init__(self, identity_url: str) -> None:
        self._url = f"{identity_url}/.well-known/jwks.json"
        self._keys: KeySet | None = None
        self._read_at = 0.0
        self._lock = asyncio.Lock()

    async def __call__(self, *, look_again: bool) -> KeySet:
        """The keys. Raises Unavailable when none were ever read and identity does not answer."""
        limit = KEYS_RETRY_SECONDS if look_again else KEYS_FRESH_SECONDS
        if self._keys is None or monotonic() - self._read_at > limit:
            async with self._lock:
                if self._keys is None or monotonic() - self._read_at > limit:
                    await self._read()
        if self._keys is None:
            raise Unavailable("Identity's signing keys cannot be read; try again when identity answers.")
        return self._keys

    async def _read(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=3.0) as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
                self._keys = KeySet.import_key_set(answer.json())
                self._read_at = monotonic()
        except (httpx.HTTPError, JoseError, ValueError):
            if self._keys is not None:
                self._read_at = monotonic()


@dataclass(slots=True)
class Verified:
    """Claims of tokens whose signature was found right, by the keys of that time: other keys, and it is looked at anew.

    What a token says of its end is looked at each time, and so is who it speaks for: neither is remembered here.
    """

    _claims: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _keys: Sequence[Any] = ()

    def find(self, token: str, keys: KeySet) -> Mapping[str, Any] | None:
        return self._claims.get(token) if self._keys == keys.keys else None

    def keep(self, token: str, keys: KeySet, claims: Mapping[str, Any]) -> None:
        if self._keys != keys.keys or len(self._claims) >= MOST_KEPT:
            self._claims.clear()
            self._keys = keys.keys
        self._claims[token] = claims


@dataclass(frozen=True, slots=True)
class Verifier:
    """Reads tokens."""

    keys: KeySource
    issuer: str
    clock: Clock
    _verified: Verified = field(default_factory=Verified, repr=False, compare=False)

    async def read(self, token: str) -> Principal:
        """Who `token` speaks for. Raises Unauthenticated for one that is unsigned, wrongly signed, expired or alien."""
        try:
            claims = await self._decoded(token)
            self._check(claims)
            tenant, session = claims.get("tenant"), claims.get("sid")
            return Principal(
                user_id=UUID(claims["sub"]) if tenant else None,
                tenant_id=UUID(tenant) if tenant else None,
                client_id=claims.get("client_id"),
                scopes=frozenset(str(claims.get("scope", "")).split()),
                session_id=UUID(session) if session else None,
                bound=bound_of(claims),
            )
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Unauthenticated("The token is not valid here; get a new one from identity.") from error

    async def _decoded(self, token: str) -> Mapping[str, Any]:
        keys = await self.keys(look_again=False)
        if (known := self._verified.find(token, keys)) is not None:
            return known
        try:
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            keys = await self.keys(look_again=True)
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        self._verified.keep(token, keys, claims)
        return claims

    def _check(self, claims: Mapping[str, Any]) -> None:
        if claims.get("iss") != self.issuer or AUDIENCE not in as_list(claims.get("aud")):
            raise Unauthenticated("The token was issued for another audience or by another issuer.")
        if float(claims["exp"]) + LEEWAY_SECONDS < self.clock.now().timestamp():
            raise Unauthenticated("The token has expired; get a new one from identity.")


def bound_of(claims: Mapping[str, Any]) -> Bound | None:
    """The reach of a machine. Raises ValueError where the claims are half a machine's, or a person's too.

    A tenant's machine whose claims went unread would be taken for a client of the deployment's.
    """
    tenant, org = claims.get(CLIENT_TENANT), claims.get(CLIENT_ORG)
    if tenant is None and org is None:
        return None
    if tenant is None or org is None or "tenant" in claims:
        raise ValueError("a machine's claims are not whole")
    return Bound(UUID(tenant), UUID(org))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
