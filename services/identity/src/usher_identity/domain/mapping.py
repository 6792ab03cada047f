"""Which roles a source's own words stand for, as data, and where a person belongs (interfaces: Imports)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from usher_identity.domain.incoming import IncomingPerson, Issue, Severity, SourceRole, Standing

ROLES = frozenset({"learner", "observer", "observable", "reporter", "org_admin"})
"""Roles that a mapping may give. Only a system administrator grants `system_admin` (seats: Words)."""

COUNTED = ("student", "parent", "guardian")
"""Who is counted and not imported."""

TEACHES = frozenset({"learner", "observable"})
LEADS = frozenset({"observer", "reporter"})
ADMINISTERS = frozenset({"org_admin"})


class MappingError(Exception):
    """A mapping that may not be; its text says which word and why."""


@dataclass(frozen=True, slots=True, eq=False)
class RoleMapping:
    """Words of a source, in any case, spaced or not: the roles that they give, or what they are counted as."""

    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    counted: Mapping[str, str] = field(default_factory=dict)

    def count_as(self, word: str) -> "Counted | None":
        """As what somebody of this role is counted; None for who is imported, or whose role is not known."""
        kind = self.counted.get(plain(word))
        return COUNTED_AS[kind] if kind else None

    def overridden(self, roles: Mapping[str, Iterable[str]], counted: Mapping[str, str]) -> "RoleMapping":
        """The mapping with words of a source's own, which go first. Raises `MappingError`."""
        own_roles = {plain(word): frozenset(given) for word, given in roles.items()}
        own_counted = {plain(word): kind for word, kind in counted.items()}
        for word, given in own_roles.items():
            if given - ROLES:
                raise MappingError(
                    f"{word!r} cannot give {', '.join(sorted(given - ROLES))}: a mapping gives {sorted(ROLES)}"
                )
        for word, kind in own_counted.items():
            if kind not in COUNTED:
                raise MappingError(f"{word!r} cannot be counted as {kind!r}: {', '.join(COUNTED)} are counted")
            if word in own_roles:
                raise MappingError(f"{word!r} is both mapped and counted; choose one")
        return RoleMapping(
            {**{word: given for word, given in self.roles.items() if word not in own_counted}, **own_roles},
            {**{word: kind for word, kind in self.counted.items() if word not in own_roles}, **own_counted},
        )


@lru_cache(maxsize=1_000)
def plain(word: str) -> str:
    """A word without case, spaces, hyphens and underscores: `District Administrator` is `districtAdministrator`."""
    return word.casefold().replace(" ", "").replace("-", "").replace("_", "")


DEFAULT = RoleMapping(
    roles=MappingProxyType(
        {
            **dict.fromkeys(("teacher", "aide", "staff", "faculty"), TEACHES),
            **dict.fromkeys(("principal", "administrator"), LEADS),
            **dict.fromkeys(("siteadministrator", "districtadministrator"), ADMINISTERS),
        }
    ),
    counted=MappingProxyType(
        {"student": "student", "parent": "parent", "guardian": "guardian", "relative": "guardian"}
    ),
)
"""For OneRoster sets. A word that is not here is reported, and gives nothing."""

SDS = RoleMapping(
    roles=MappingProxyType(
        {
            **DEFAULT.roles,
            **dict.fromkeys(
                (
                    "professor",
                    "lecturer",
                    "adjunct",
                    "instructor",
                    "substitute",
                    "coach",
                    "teacherassistant",
                    "assistant",
                    "paraprofessional",
                ),
                TEACHES,
            ),
            "chair": LEADS,
        }
    ),
    counted=DEFAULT.counted,
)
"""For Microsoft SDS sets: the default, and higher education's words for those who teach."""


@dataclass(frozen=True, slots=True)
class MappedPerson:
    """A person who is to be imported: roles in our words, and where they may belong, the best first."""

    person: IncomingPerson
    roles: frozenset[str]
    ended_roles: frozenset[str]
    org_ids: tuple[str, ...]
    unmapped: tuple[str, ...]
    """Words that the mapping does not know, beside those that it does."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A person who is counted, not imported."""

    kind: str


COUNTED_AS = {kind: Counted(kind) for kind in COUNTED}


def map_person(person: IncomingPerson, mapping: RoleMapping) -> MappedPerson | Counted | Issue:
    """Who is imported, with which roles; who is merely counted; and who cannot be told from the words given."""
    known = map_roles(person.roles, mapping)
    if known.mapped or _needs_no_role(person):
        return MappedPerson(
            person=person,
            roles=known.gives,
            ended_roles=map_roles(person.ended_roles, mapping).gives,
            org_ids=choose_organizations(person, known.mapped),
            unmapped=known.unmapped,
        )
    return known.counted or _without_role(person)


@dataclass(frozen=True, slots=True)
class MappedRoles:
    """Roles in a source's words: those that give something and what they give, what else they say, and the rest."""

    mapped: tuple[SourceRole, ...]
    gives: frozenset[str]
    counted: Counted | None
    unmapped: tuple[str, ...]


@lru_cache(maxsize=10_000)
def map_roles(roles: tuple[SourceRole, ...], mapping: RoleMapping) -> MappedRoles:
    mapped = tuple(role for role in roles if plain(role.word) in mapping.roles)
    counted = [kind for role in roles if (kind := mapping.count_as(role.word))]
    return MappedRoles(
        mapped=mapped,
        gives=frozenset().union(*(mapping.roles[plain(role.word)] for role in mapped)),
        counted=counted[0] if counted else None,
        unmapped=tuple(role.word for role in roles if role not in mapped and not mapping.count_as(role.word)),
    )


def _needs_no_role(person: IncomingPerson) -> bool:
    """Whether a row without any role says something: that a person is gone, or changed in all but their roles."""
    return not person.roles and (person.partial_roles or person.standing is Standing.ABSENT)


def _without_role(person: IncomingPerson) -> Issue:
    if person.roles:
        said = ", ".join(repr(role.word[:40]) for role in person.roles)
        reason = f"role {said} is not mapped for this source; the person was not taken"
        return Issue(person.file, person.line, "role", "unmapped_role", reason, person.external_id)
    reason = "no role is given here, in roles.csv or in enrollments.csv; the person was not taken"
    return Issue(person.file, person.line, "role", "no_role", reason, person.external_id)


def unmapped_issues(mapped: MappedPerson) -> Iterable[Issue]:
    """A warning for each word that gave nothing to a person who was taken for another."""
    person = mapped.person
    for word in mapped.unmapped:
        reason = f"role {word[:40]!r} is not mapped for this source, and gave nothing; the person was taken"
        yield Issue(person.file, person.line, "role", "unmapped_role", reason, person.external_id, Severity.WARNING)


def choose_organizations(person: IncomingPerson, mapped: Iterable[SourceRole]) -> tuple[str, ...]:
    """Where a person may belong, the best first: the primary role's organization, else the first listed.

    Of several primary roles, the one at the user's own primary organization goes first.
    """
    roles = list(mapped)
    if person.primary_org_id is None and not any(role.org_id for role in person.roles):
        return person.org_ids
    primary = [role.org_id for role in roles if role.primary]
    candidates = [
        *(org for org in primary if org == person.primary_org_id),
        *primary,
        person.primary_org_id,
        *(role.org_id for role in roles if role.org_id and not person.org_ids),
        *person.org_ids,
        *(role.org_id for role in person.roles),
    ]
    return tuple(dict.fromkeys(org for org in candidates if org))
