"""Upstreams: systems that say who people are; where each may act, in which words, and how often."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from usher_identity.domain.jobs import RoleWords
from usher_identity.domain.mapping import DEFAULT, ROLES, RoleMapping, plain
from usher_identity.domain.realms import Realm
from usher_identity.domain.rosters import Roster

AHEAD = timedelta(minutes=5)
"""How far another's clock may be ahead of ours."""

QUOTA = 6_000
"""Commands a minute that an upstream may send, where nothing else is said."""

WINDOW = timedelta(minutes=1)

Kind = Literal["amqp", "scim", "keycloak", "oneroster"]
"""The way that an upstream's words come by."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """One system of a tenant. Its name is the source of all that it says. Version 0 is not yet saved."""

    tenant_id: UUID
    name: str
    id: UUID
    org_id: UUID
    """It acts on this organization and its units."""
    quota: int
    """Commands a minute."""
    created_at: datetime
    window_at: datetime
    """When the minute began of which `used` are the commands."""
    used: int = 0
    version: int = 0
    kind: Kind = "amqp"
    realm: Realm | None = None
    """Which realm it stands for, where it is one of Keycloak's."""
    roster: Roster | None = None
    """Which service it is, where a roster is read over REST."""
    words: RoleWords = field(default_factory=RoleWords)
    """Its own words for roles, which its imports go by too."""

    def admit(self, count: int, at: datetime) -> tuple["Upstream", int]:
        """How many of `count` commands are within the quota, and the upstream once they are counted."""
        is_over = not self.window_at <= at < self.window_at + WINDOW
        one = replace(self, window_at=at, used=0) if is_over else self
        admitted = max(0, min(count, one.quota - one.used))
        return replace(one, used=one.used + admitted), admitted


@dataclass(frozen=True, slots=True)
class Mapped:
    """Roles in our words, and those of the sender's that are no role here."""

    roles: frozenset[str]
    unmapped: tuple[str, ...]


def mapping_of(words: RoleWords) -> RoleMapping:
    """Our own words, those of imports, and before both the upstream's. Raises `MappingError`."""
    ours: Mapping[str, frozenset[str]] = {plain(role): frozenset({role}) for role in ROLES}
    return RoleMapping({**DEFAULT.roles, **ours}).overridden(words.roles, words.counted)


def map_words(words: Iterable[str], mapping: RoleMapping) -> Mapped:
    """What a sender's roles are here; none of them is ever `system_admin`."""
    known = {word: mapping.roles.get(plain(word)) for word in words}
    gives = [given for given in known.values() if given is not None]
    return Mapped(frozenset().union(*gives), tuple(word for word, given in known.items() if given is None))
