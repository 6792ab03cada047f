"""What an upstream has said of one person, each thing by its own order, so that no delivery's order matters.

Joining two of these keeps the later word on each thing: in any order, any number of times, the end is the same
(messages: The catalogue).
"""

from collections.abc import Callable, Mapping
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


Gives = Callable[[str], frozenset[str]]
"""The roles that a word of an upstream's own gives."""

Parts = Mapping[str, Saying[str]]
"""Words on parts of a profile: `user_name`, `given_name`, `family_name`, `email` (empty: none). And `known_as`: a user
name that is no word on it, and only tells who is meant."""


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
    parts: Parts = field(default_factory=dict)
    """What was said of parts of the profile since it was said whole."""
    words: Mapping[str, Saying[str | None]] = field(default_factory=dict)
    """Roles and groups of the upstream's own, by their ids there: what each is called, or None where it was taken."""
    is_confirmed: bool = False
    """Whether a status other than `invited` was ever said: then nobody is invited by this upstream any more."""
    is_deleted: bool = False
    """A deletion is for ever, whatever order it came in."""

    def joined(self, other: "Sayings") -> "Sayings":
        """The later word on each thing; of equals that which was here."""
        floor = later(self.floor, other.floor)
        above = -1 if floor is None else floor.order
        roles = joined_words(self.roles, other.roles, above)
        profile = later(self.profile, other.profile)
        return Sayings(
            profile=profile,
            organization=later(self.organization, other.organization),
            status=later(self.status, other.status),
            floor=floor,
            roles=roles,
            parts=joined_words(self.parts, other.parts, above=-1 if profile is None else profile.order),
            words=joined_words(self.words, other.words),
            is_confirmed=self.is_confirmed or other.is_confirmed,
            is_deleted=self.is_deleted or other.is_deleted,
        )

    def given(self, otherwise: frozenset[str]) -> frozenset[str]:
        """The roles that the upstream gives; `otherwise` are those of before it said which these all are."""
        all_of_them = self.floor.word if self.floor else otherwise
        taken = {role for role, one in self.roles.items() if not one.word}
        return all_of_them.union(self.roles) - taken

    def in_roles(self, gives: Gives) -> "Sayings":
        """The same with roles for the upstream's own words: those of all that the person has now, and no others."""
        if not self.words:
            return self
        of_words = frozenset[str]().union(*(gives(one.word) for one in self.words.values() if one.word is not None))
        floor = self.floor or Saying(0, frozenset())
        return replace(self, floor=Saying(floor.order, floor.word | of_words), words={})

    @property
    def user_name(self) -> str | None:
        """The name by which somebody may be known here already."""
        parts = self.parts.get("user_name") or self.parts.get("known_as")
        return parts.word if parts else self.profile.word.user_name if self.profile else None

    def profile_beside(self, known: Profile | None) -> Profile | None:
        """Who somebody is: as was said, whole or in parts, and else as they are `known`. None while they have no name.

        A display name that is known stays until both names of a person were said.
        """
        base = self.profile.word if self.profile else known
        said = {name: one.word for name, one in self.parts.items()}
        user_name = said.get("user_name") or (base.user_name if base else None)
        if user_name is None:
            return None
        names = [said[name] for name in ("given_name", "family_name") if name in said]
        is_named = base is not None and base.display_name != base.user_name
        shown = base.display_name if base and (not names or (is_named and len(names) == 1)) else " ".join(names).strip()
        email = said["email"] or None if "email" in said else base.email if base else None
        return Profile(user_name, shown or user_name, email)


def joined_words(
    here: Mapping[str, Saying[T]], there: Mapping[str, Saying[T]], above: int = -1
) -> Mapping[str, Saying[T]]:
    """The later word on each of several things, as far as it came after the one on all of them."""
    return {
        name: one
        for name in sorted(here.keys() | there.keys())
        if (one := later(here.get(name), there.get(name))) and one.order > above
    }


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


def parts_of(
    order: int,
    parts: Mapping[str, str],
    words: Mapping[str, str | None],
    status: str | None,
    organization: str | None,
) -> Sayings:
    """A person, as far as something is said: no word on the rest."""
    return Sayings(
        organization=Saying(order, organization) if organization else None,
        status=Saying(order, status) if status else None,
        parts={name: Saying(order, part) for name, part in parts.items()},
        words={id_: Saying(order, word) for id_, word in words.items()},
        is_confirmed=status is not None,
    )
