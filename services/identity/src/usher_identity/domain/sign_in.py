"""Signing in: sessions, and the codes and refresh tokens that stem from them. Each opaque secret is kept as a hash."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

CODE_LIVES = timedelta(seconds=60)
REUSE_LEEWAY = timedelta(seconds=30)
"""Two requests of one client may refresh at once; beyond this a used refresh token is a stolen one."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a machine may act: in a tenant, at an organization and below."""

    tenant_id: UUID
    org_id: UUID


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may ask for tokens: the deployment's own, or with a `reach` a tenant's machine."""

    id: str
    name: str
    secret_hash: str
    scopes: frozenset[str]
    grant_types: frozenset[str]
    redirect_uris: tuple[str, ...] = ()
    sign_out_uris: tuple[str, ...] = ()
    former_hash: str | None = None
    """Of a secret that was replaced, while its grace lasts."""
    reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one person in one browser."""

    tenant_id: UUID
    id: UUID
    person_id: UUID
    secret_hash: str
    user_agent: str
    address: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    provider_id: UUID | None = None
    """The identity provider that they signed in by; none where it was a password."""

    def is_open(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.expires_at


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code: good once, for the client and redirect URI that it was made for."""

    tenant_id: UUID
    code_hash: str
    session_id: UUID
    person_id: UUID
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    signed_in_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def is_usable(self, at: datetime) -> bool:
        return self.used_at is None and at < self.expires_at

    def is_replayed(self) -> bool:
        """Whether a request with it is a theft, past or present."""
        return self.used_at is not None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token: good once; what follows it is another."""

    tenant_id: UUID
    token_hash: str
    session_id: UUID
    person_id: UUID
    client_id: str
    scope: str
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def is_usable(self, at: datetime) -> bool:
        return not self.is_replayed(at) and at < self.expires_at

    def is_replayed(self, at: datetime) -> bool:
        """Whether a request with it is a theft: it was used before, and not just now."""
        return self.used_at is not None and at - self.used_at > REUSE_LEEWAY
