"""People as entitlements knows them: where they belong, their status, their roles, and since when each holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role, and since when it is held without a break."""

    role: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A person's state as identity last told it. `config_version` is the tenant's configuration last decided under."""

    tenant_id: UUID
    id: UUID
    org_id: UUID
    status: str
    status_since: datetime
    roles: Sequence[HeldRole]
    version: int
    config_version: int = 0
    is_transferred: bool = False
    """Whether they are not active since they went to another tenant; not kept, since it matters as it is told alone."""

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE
