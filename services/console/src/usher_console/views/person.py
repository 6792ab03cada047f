"""One person: their profile, their roles as a form, and each seat with the answer to "why?"."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from usher_console.clients.entitlements import Explanation, Seat
from usher_console.clients.identity import Person
from usher_console.views.people import initials, person_badge
from usher_console.views.wording import ROLES, SEAT_STATES, Badge, Line, moment, product_name, spelled

PENDING = "change_in_progress"
SYSTEM_ADMIN = "system_admin"


@dataclass(frozen=True, slots=True)
class Profile:
    id: UUID
    name: str
    initials: str
    email: str
    organization: str
    status: Badge
    version: int


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role of the form; a fixed one stays as it is."""

    value: str
    label: str
    about: str
    chosen: bool
    fixed: bool


@dataclass(frozen=True, slots=True)
class SeatCard:
    product: str
    name: str
    state: Badge
    answer: str
    remedy: str
    facts: Sequence[Line]
    pending: bool


def profile(person: Person, organization: str) -> Profile:
    return Profile(
        id=person.id,
        name=person.name or "Unnamed",
        initials=initials(person.name),
        email=person.email or person.user_name,
        organization=organization,
        status=person_badge(person.status),
        version=person.version,
    )


def role_choices(person: Person, *, may_grant_system: bool) -> list[RoleChoice]:
    """Every role; that of a system administrator can only be given and taken by one."""
    return [
        RoleChoice(
            value=role,
            label=label,
            about=about,
            chosen=role in person.roles,
            fixed=role == SYSTEM_ADMIN and not may_grant_system,
        )
        for role, (label, about) in ROLES.items()
        if role != SYSTEM_ADMIN or may_grant_system or role in person.roles
    ]


def roles_after(person: Person, submitted: Sequence[str], *, may_grant_system: bool) -> list[str]:
    """The roles that a submitted form asks for; fixed ones, which no form can submit, stay as they were."""
    choices = role_choices(person, may_grant_system=may_grant_system)
    return [role.value for role in choices if (role.chosen if role.fixed else role.value in submitted)]


def seat_card(explanation: Explanation, seat: Seat | None) -> SeatCard:
    """One product's card; without a seat ever, the explanation alone."""
    state = seat.state if seat else "none"
    return SeatCard(
        product=explanation.product,
        name=product_name(explanation.product),
        state=Badge("Updating", "accent")
        if explanation.code == PENDING
        else SEAT_STATES.get(state, Badge(spelled(state))),
        answer=explanation.words,
        remedy="",
        facts=[*seat_facts(seat), *evidence_facts(explanation.evidence)],
        pending=explanation.code == PENDING,
    )


def seat_facts(seat: Seat | None) -> Iterable[Line]:
    if seat is None:
        return
    if seat.since:
        yield Line("since", "Since", moment(seat.since))
    if seat.reason:
        yield Line("reason", "Reason", spelled(seat.reason))


def evidence_facts(evidence: Mapping[str, Any], before: str = "") -> Iterable[Line]:
    """What the answer rests on, one line for each part of it."""
    for name, value in evidence.items():
        label = f"{before} {name}".strip()
        if isinstance(value, Mapping):
            yield from evidence_facts(value, label)
        elif value is not None:
            yield Line(label, spelled(label), str(value))
