"""Machine clients: a tenant's own programs, their secrets in turn, and where and for what each may act."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

LIVES = timedelta(minutes=10)
"""The longest that a machine's token lives: so long one that is disabled may go on."""


@dataclass(frozen=True, slots=True)
class MachineName:
    """A machine's client id: which tenant's, and which of it. It is no secret."""

    tenant_id: UUID
    id: UUID

    @property
    def text(self) -> str:
        return f"{self.tenant_id.hex}.{self.id.hex}"

    @classmethod
    def read(cls, text: str) -> "MachineName | None":
        """The name in a client id; none for a client id of another form."""
        tenant, _, own = text.partition(".")
        try:
            found = cls(UUID(hex=tenant), UUID(hex=own))
        except ValueError:
            return None
        return found if found.text == text else None


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine client. Its secrets are known by their hashes alone."""

    tenant_id: UUID
    id: UUID
    org_id: UUID
    """Where it may act: there and in the units below."""
    name: str
    scopes: tuple[str, ...]
    secret_hash: str
    created_at: datetime
    former_hash: str | None = None
    former_until: datetime | None = None
    disabled_at: datetime | None = None
    used_at: datetime | None = None
    version: int = 0

    @property
    def client_id(self) -> str:
        return MachineName(self.tenant_id, self.id).text

    def hashes(self, at: datetime) -> Sequence[str]:
        """The secrets that open it: none of one that is disabled, and the former one while its grace lasts."""
        if self.disabled_at is not None:
            return ()
        in_grace = self.former_hash is not None and self.former_until is not None and at < self.former_until
        return (self.secret_hash, self.former_hash) if in_grace and self.former_hash else (self.secret_hash,)

    def rotated(self, secret_hash: str, grace: timedelta, at: datetime) -> "Machine":
        """The machine with a new secret; the one of before lasts as long as the grace."""
        former = (self.secret_hash, at + grace) if grace else (None, None)
        return replace(self, secret_hash=secret_hash, former_hash=former[0], former_until=former[1])

    def switched(self, at: datetime, *, disabled: bool) -> "Machine":
        """The machine disabled, or let in again. One that is disabled already keeps its moment."""
        return replace(self, disabled_at=(self.disabled_at or at) if disabled else None)
