"""Identity providers of others, and what one says of whoever signs in there: told from its claims, by data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from usher_identity.domain.links import SIGN_IN
from usher_identity.domain.mapping import MappingError, RoleMapping, plain
from usher_identity.domain.people import Person, Status
from usher_identity.domain.refusals import Refusal

Way = Literal["external_id", "user_name", "email"]
"""By what somebody who signs in for the first time is found."""

STANDING = "absent"
"""What a provider says of presence: nothing. Whoever signs in there is not kept by it when their source lets go."""

LONGEST_WORD = 300
MOST_WORDS = 1_000


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Which of a provider's claims says what. A dotted path leads into objects: `realm_access.roles`."""

    user_name: str = "preferred_username"
    email: str = "email"
    display_name: str = "name"
    external_id: str | None = None
    roles: str | None = None


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """A provider that signs people of an organization and its units in. Version 0 is not yet saved."""

    tenant_id: UUID
    name: str
    id: UUID
    org_id: UUID
    title: str
    """What its button says."""
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    """Sealed."""
    created_at: datetime
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    claims: ClaimNames = field(default_factory=ClaimNames)
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Its words for roles, and the roles that each gives. Nothing else that it says gives one."""
    links_by: tuple[Way, ...] = ()
    """By what it is trusted to name people of ours whom it has not named before."""
    creates_people: bool = False
    domains: tuple[str, ...] = ()
    """Of addresses that lead from the sign-in page to it."""
    is_offered: bool = False
    """Whether the sign-in page shows it to everybody."""
    serves_all: bool = False
    """Whether it serves the people of every tenant: the deployment's own."""
    version: int = 0

    @property
    def source(self) -> str:
        """The source of the roles that it gives, and of its names for people; none that an upstream can have."""
        return f"{SIGN_IN}{'deployment/' if self.serves_all else ''}{self.name}"

    def roles_of(self, words: Iterable[str]) -> frozenset[str]:
        """The roles that these words give."""
        given = role_mapping(self.mapping).roles
        return frozenset().union(*(given.get(plain(word), frozenset()) for word in words))


def role_mapping(words: Mapping[str, Iterable[str]]) -> RoleMapping:
    """A provider's own words. Raises Refusal for a role that no mapping gives: `system_admin` above all."""
    try:
        return RoleMapping().overridden({word: tuple(roles) for word, roles in words.items()}, {})
    except MappingError as error:
        raise Refusal(str(error), "/mapping") from error


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a provider says of somebody who signs in."""

    subject: str
    user_name: str | None
    display_name: str | None
    email: str | None
    """Only where the provider has verified it."""
    external_id: str | None
    words: tuple[str, ...] | None
    """Its words for their roles; none where it says nothing about roles."""


def arrival_of(claims: Mapping[str, object], names: ClaimNames) -> Arrival:
    """The arrival that claims tell of. Raises Refusal for claims that are not to be understood."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_WORD:
        raise Refusal("The provider does not say who signed in: the claim `sub` is missing, or too long.")
    is_verified = claims.get("email_verified") in (True, "true")
    return Arrival(
        subject=subject,
        user_name=text_at(claims, names.user_name),
        display_name=text_at(claims, names.display_name),
        email=text_at(claims, names.email) if is_verified else None,
        external_id=text_at(claims, names.external_id),
        words=words_at(claims, names.roles) if names.roles else None,
    )


def text_at(claims: Mapping[str, object], path: str | None) -> str | None:
    """The text at a path; none where there is none, or no text that could be a name."""
    found = value_at(claims, path) if path else None
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str) or "\x00" in found:
        return None
    return found.strip()[:LONGEST_WORD] or None


def words_at(claims: Mapping[str, object], path: str) -> tuple[str, ...]:
    """The words at a path: a list of texts, or one text. None of them is as good as an empty list.

    Raises Refusal where the provider says elsewhere which they are (too many for a token): no roles would be wrong.
    """
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, Mapping) and path in elsewhere:
        raise Refusal(f"The provider has too many {path} to name them in a token: have it send only those that matter.")
    found = value_at(claims, path)
    if isinstance(found, str):
        return (found,)
    if not isinstance(found, Sequence):
        return ()
    return tuple(one for one in found[:MOST_WORDS] if isinstance(one, str))


def value_at(claims: Mapping[str, object], path: str) -> object:
    """The claim of that name, even where it has dots in it; else what the dotted path leads to."""
    if path in claims:
        return claims[path]
    found: object = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def choose(found: Sequence[Person], provider: IdentityProvider) -> Person | None:
    """Whom a provider that has not named them before may mean: exactly one who is there, or nobody.

    Raises Refusal for who is linked to another account of the provider already: a second one that merely has the same
    name does not become them.
    """
    there = [one for one in found if one.status not in (Status.DELETED, Status.ARCHIVED)]
    if len(there) != 1:
        return None
    if any(link.source == provider.source for link in there[0].links):
        raise Refusal("This name belongs to somebody who signs in by another account of the provider.")
    return there[0]
