"""People: the list with its filters, and what a filter offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from usher_console.clients.identity import Person
from usher_console.views.wording import NOTHING, PERSON_STATES, ROLES, Badge, Choice, role_name, spelled

LETTERS = 2


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: UUID
    name: str
    initials: str
    email: str
    organization: str
    roles: Sequence[str]
    status: Badge


def person_row(person: Person, names: Mapping[UUID, str]) -> PersonRow:
    """One line; `names` are the organizations' known so far."""
    return PersonRow(
        id=person.id,
        name=person.name or "Unnamed",
        initials=initials(person.name),
        email=person.email or person.user_name,
        organization=names.get(person.org_id, NOTHING) if person.org_id else NOTHING,
        roles=[role_name(role) for role in in_usual_order(person.roles)],
        status=person_badge(person.status),
    )


def person_badge(status: str) -> Badge:
    return PERSON_STATES.get(status, Badge(spelled(status)))


def in_usual_order(roles: Sequence[str]) -> list[str]:
    """As everywhere in the product: from the classroom to the system."""
    usual = list(ROLES)
    return sorted(roles, key=lambda role: (usual.index(role) if role in usual else len(usual), role))


def initials(name: str) -> str:
    """The first letters of the first and the last word."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]])[:LETTERS].upper() or "?"


def role_choices(chosen: str) -> list[Choice]:
    return choices("Any role", {role: label for role, (label, _) in ROLES.items()}, chosen)


def status_choices(chosen: str) -> list[Choice]:
    return choices("Any status", {status: badge.label for status, badge in PERSON_STATES.items()}, chosen)


def choices(anything: str, labels: Mapping[str, str], chosen: str) -> list[Choice]:
    return [
        Choice("", anything, chosen not in labels),
        *(Choice(value, label, value == chosen) for value, label in labels.items()),
    ]
