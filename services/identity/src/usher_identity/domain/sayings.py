"""What an upstream has said of one person, each thing by its own order, so that no delivery's order matters.

Joining two of these keeps the later word on each thing: in any order, any number of times, the end is the same
(messages: The catalogue).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Saying(Generic[T]):
    """A word on one thing, and the sequence or time that orders it."""

    order: int
    word: T


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody is."""

    user_name: str
    display_name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Sayings:
    """All that one upstream has said of one person; None of what it has said nothing."""

    profile: Saying[Profile] | None = None
    organization: Saying[str] | None = None
    """An external id."""
    status: Saying[str] | None = None
    floor: Saying[frozenset[str]] | None = None
    """All roles, as an upsert or `roles.set` gave them."""
    roles: Mapping[str, Saying[bool]] = field(default_factory=dict)
    """Roles that were added or removed since the floor."""
    is_confirmed: bool = False
    """Whether a status other than `invited` was ever said: then nobody is invited by this upstream any more."""
    is_deleted: bool = False
    """A deletion is for ever, whatever order it came in."""

    def joined(self, other: "Sayings") -> "Sayings":
        """The later word on each thing; of equals that which was here."""
        floor = later(self.floor, other.floor)
        above = -1 if floor is None else floor.order
        roles = {
            role: one
            for role in sorted(self.roles.keys() | other.roles.keys())
            if (one := later(self.roles.get(role), other.roles.get(role))) and one.order > above
        }
        return Sayings(
            profile=later(self.profile, other.profile),
            organization=later(self.organization, other.organization),
            status=later(self.status, other.status),
            floor=floor,
            roles=roles,
            is_confirmed=self.is_confirmed or other.is_confirmed,
            is_deleted=self.is_deleted or other.is_deleted,
        )

    def given(self, otherwise: frozenset[str]) -> frozenset[str]:
        """The roles that the upstream gives; `otherwise` are those of before it said which these all are."""
        all_of_them = self.floor.word if self.floor else otherwise
        taken = {role for role, one in self.roles.items() if not one.word}
        return all_of_them.union(self.roles) - taken


def later(here: Saying[T] | None, there: Saying[T] | None) -> Saying[T] | None:
    if here is None or there is None:
        return here or there
    return there if there.order > here.order else here


def upsert(order: int, profile: Profile, organization: str, roles: frozenset[str], status: str) -> Sayings:
    """A person, whole."""
    return replace(
        set_roles(order, roles),
        profile=Saying(order, profile),
        organization=Saying(order, organization),
        status=Saying(order, status),
        is_confirmed=status != "invited",
    )


def set_roles(order: int, roles: frozenset[str]) -> Sayings:
    return Sayings(floor=Saying(order, roles))


def change_roles(order: int, roles: frozenset[str], *, has: bool) -> Sayings:
    return Sayings(roles={role: Saying(order, has) for role in roles})


def transfer(order: int, organization: str) -> Sayings:
    return Sayings(organization=Saying(order, organization))


def archive(order: int) -> Sayings:
    return Sayings(status=Saying(order, "archived"), is_confirmed=True)
