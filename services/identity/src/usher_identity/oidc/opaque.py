"""Opaque secrets: codes, refresh tokens and cookies. Each names its tenant, the one that is opened to look it up."""

import hashlib
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from uuid import UUID

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opaque:
    """A secret as it travels, and what it says openly: its tenant, and for a cookie the session's id."""

    tenant_id: UUID
    text: str
    id: UUID | None = None

    @property
    def hash(self) -> str:
        """What is kept of it. Its secret is long and random, so a plain hash cannot be guessed back."""
        return hash_secret(self.text)

    def matches(self, kept: str) -> bool:
        return compare_digest(self.hash, kept)


def random_secret() -> str:
    """256 random bits, as text."""
    return secrets.token_urlsafe(SECRET_BYTES)


def make(tenant_id: UUID, id_: UUID | None = None) -> Opaque:
    """A new secret of the tenant."""
    named = [tenant_id.hex, *([id_.hex] if id_ else []), random_secret()]
    return Opaque(tenant_id, ".".join(named), id_)


def read(text: str | None) -> Opaque | None:
    """A secret that somebody sent; none for what is not one of ours."""
    parts = (text or "").split(".")
    try:
        if text is None or len(parts) not in {2, 3} or not text.isascii():
            return None
        return Opaque(
            UUID(hex=parts[0]), text, UUID(hex=parts[1]) if len(parts) == len(("tenant", "id", "secret")) else None
        )
    except ValueError:
        return None


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
