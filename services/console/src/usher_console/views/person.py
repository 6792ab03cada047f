"""One person: their profile, and their roles as a form."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from usher_console.clients.identity import Person
from usher_console.views.people import initials, person_badge
from usher_console.views.wording import ROLES, Badge

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
