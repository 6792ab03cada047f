"""What SCIM clients say, kept as they said it: resources of an upstream, and what became of them in one request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from usher_identity.domain.mapping import RoleMapping, plain

USER = "User"
GROUP = "Group"


@dataclass(frozen=True, slots=True)
class Space:
    """All that one upstream said by SCIM: nobody else's resources are in it."""

    tenant_id: UUID
    source: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A resource as it is kept."""

    id: str
    kind: str
    resource: str
    """JSON, without `id`, `meta`, members and groups."""
    version: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """A resource as it is to be kept, and what finds it."""

    stored: Stored
    name: str
    """`userName` or `displayName`, as comparisons take it."""
    external_id: str | None
    words: tuple[str, ...]
    """Its words for roles, plain: a user's `roles`, a group's name and external id."""
    emails: tuple[str, ...]
    searched: str
    """JSON, as it is searched."""


def essential(words: Iterable[str], mapping: RoleMapping) -> tuple[str, ...]:
    """Of plain words those that give roles, one for each set of roles: there are not many of these."""
    by_roles: Mapping[frozenset[str], str] = {
        roles: word for word in sorted(words, reverse=True) if (roles := mapping.roles.get(plain(word), frozenset()))
    }
    return tuple(sorted(by_roles.values()))
