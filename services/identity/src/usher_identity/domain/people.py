"""People: where they are, whether they are active, who they are (seats: Words)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from usher_identity.domain.links import Link, foremost
from usher_identity.domain.refusals import Refusal
from usher_identity.domain.roles import Roles
from usher_identity.domain.versions import raised


class Status(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"
    DELETED = "deleted"


BECOMES: Mapping[str, frozenset[str]] = {
    Status.INVITED: frozenset({Status.ACTIVE, Status.SUSPENDED, Status.ARCHIVED, Status.DELETED}),
    Status.ACTIVE: frozenset({Status.SUSPENDED, Status.ARCHIVED, Status.DELETED}),
    Status.SUSPENDED: frozenset({Status.ACTIVE, Status.ARCHIVED, Status.DELETED}),
    Status.ARCHIVED: frozenset({Status.ACTIVE, Status.DELETED}),
    Status.DELETED: frozenset(),
}
"""What each status can become. Nobody is invited again, and a deleted person is a tombstone."""


GONE = frozenset({Status.ARCHIVED, Status.DELETED})


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A person as they would be by a change that is only looked at."""

    tenant_id: UUID
    person_id: UUID
    org_id: UUID
    status: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """One person. `version` is raised by what `user.changed` says, `profile_version` by `user_profile.changed`.

    A version of 0 is not yet saved.
    """

    tenant_id: UUID
    id: UUID
    org_id: UUID
    user_name: str
    display_name: str
    email: str | None
    status: str
    status_since: datetime
    roles: Roles = field(default_factory=Roles)
    links: tuple[Link, ...] = ()
    version: int = 0
    profile_version: int = 0
    closed_by: UUID | None = None
    """The transfer to another tenant that archived them here, until an administrator restores them."""

    @property
    def external_id(self) -> str | None:
        """The external id that facts carry."""
        return foremost(self.known_as)

    @property
    def known_as(self) -> tuple[Link, ...]:
        """By what sources know them; of who is deleted that is nobody's to know."""
        return () if self.status == Status.DELETED else self.links

    @property
    def told(self) -> tuple[object, ...]:
        """What `user.changed` says of them."""
        return (self.org_id, self.status, self.status_since, self.roles.held)

    @property
    def told_in_profile(self) -> tuple[object, ...]:
        """What `user_profile.changed` says of them."""
        return (self.org_id, self.external_id, self.user_name, self.display_name, self.email)

    def becoming(self, status: str, at: datetime) -> "Person":
        """The person with another status, held since `at`. Raises Refusal for what they cannot become."""
        if status == self.status:
            return self
        if status not in BECOMES[self.status]:
            raise Refusal(f"A person who is {self.status} cannot become {status}.", "/status")
        one = self.erased() if status == Status.DELETED else self
        return replace(one, status=status, status_since=at, closed_by=None)

    def moved(self, org_id: UUID) -> "Person":
        """The person in another organization of their tenant. Raises Refusal for who is archived or deleted."""
        if org_id != self.org_id and self.status in GONE:
            raise Refusal(f"The person is {self.status}: nobody moves who is not there.", "/org_id")
        return replace(self, org_id=org_id)

    def closed(self, transfer_id: UUID, at: datetime) -> "Person":
        """The person as they stay behind, archived, once a transfer took them to another tenant."""
        return replace(self.becoming(Status.ARCHIVED, at), closed_by=transfer_id)

    def erased(self) -> "Person":
        """The person without personal data and roles.

        Links stay, as pseudonyms once they are stored, so that no import brings them back.
        """
        return replace(self, user_name=f"deleted-{self.id}", display_name="", email=None, roles=Roles())


def settled(before: Person | None, after: Person, epoch: int = 0) -> Person:
    """`after` with the versions that it is due: those before where facts would say the same."""
    version, profile_version = (before.version, before.profile_version) if before else (0, 0)
    if before is None or before.told != after.told:
        version = raised(version, epoch)
    if before is None or before.told_in_profile != after.told_in_profile:
        profile_version = raised(profile_version, epoch)
    return replace(after, version=version, profile_version=profile_version)
