"""Wording: how figures, dates, products, states and roles read on every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Tone = Literal["good", "care", "stop", "accent", "plain"]
NOTHING = "\N{EN DASH}"
FEW = 2
PERSON = "user:"
SYSTEM = "system"
COMBINED = "combined"
"""People with both products: counted beside them, with no pool of its own."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with a tone: a state at a glance, never by color alone."""

    label: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Line:
    """A label with its figure. `key` names the figure on its page, so that a change of it can be shown."""

    key: str
    label: str
    value: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a filter; an empty value asks for all."""

    value: str
    label: str
    chosen: bool


PRODUCTS = {
    "learn": ("Learn", "Professional development"),
    "observe": ("Observe", "Classroom observation"),
    COMBINED: ("Combined", "People with both"),
}

LICENSE_STATES = {
    "scheduled": Badge("Scheduled", "accent"),
    "active": Badge("Active", "good"),
    "expiring": Badge("Expiring", "care"),
    "grace": Badge("Grace period", "care"),
    "expired": Badge("Expired", "stop"),
    "ended": Badge("Ended"),
    "renewed": Badge("Renewed", "good"),
}

SEAT_STATES = {
    "none": Badge("No seat"),
    "assigned": Badge("Assigned", "good"),
    "waitlisted": Badge("Waitlisted", "care"),
    "suspended": Badge("Suspended", "stop"),
    "withheld": Badge("Withheld", "stop"),
    "released": Badge("Released"),
}

PERSON_STATES = {
    "invited": Badge("Invited", "accent"),
    "active": Badge("Active", "good"),
    "suspended": Badge("Suspended", "care"),
    "archived": Badge("Archived"),
    "deleted": Badge("Deleted"),
}

ROLES = {
    "learner": ("Learner", "Brings a Learn seat"),
    "observer": ("Observer", "Observes classrooms. Brings an Observe seat"),
    "observable": ("Observable", "Is observed. Brings an Observe seat"),
    "reporter": ("Reporter", "Reads every report of the organization. Brings no seat"),
    "org_admin": ("Organization administrator", "Manages people and roles. Brings both seats"),
    "system_admin": ("System administrator", "May do everything, everywhere. Brings both seats"),
}


def product_name(product: str, name: str = "") -> str:
    """The product's name; one that a deployment added has the `name` that it was given."""
    return PRODUCTS[product][0] if product in PRODUCTS else name or spelled(product)


def role_name(role: str) -> str:
    return ROLES[role][0] if role in ROLES else spelled(role)


def spelled(identifier: str) -> str:
    """`license_renewed` as "License renewed"."""
    return identifier.replace("_", " ").strip().capitalize()


def count(number: int | None) -> str:
    """1234567 as "1,234,567"; a dash where there is no figure."""
    return NOTHING if number is None else f"{number:,}".replace("-", "\N{MINUS SIGN}")


def percent(value: float | None) -> str:
    """Two decimals, as everywhere in the product; a dash where the total is zero."""
    return NOTHING if value is None else f"{value:,.2f}%"


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{count(number)} people"


def seats(number: int) -> str:
    return "1 seat" if number == 1 else f"{count(number)} seats"


def day(at: datetime | None) -> str:
    return NOTHING if at is None else f"{at:%b} {at.day}, {at.year}"


def moment(at: datetime | None) -> str:
    return NOTHING if at is None else f"{day(at)}, {at:%H:%M:%S} UTC"


def days_until(end: datetime, at: datetime) -> int:
    """Whole days from `at` to `end`, never below zero, as reports and notices count them."""
    return max(0, (end - at) // timedelta(days=1))


def in_days(end: datetime, at: datetime) -> str:
    days = days_until(end, at)
    return "today" if days == 0 else "in 1 day" if days == 1 else f"in {count(days)} days"


def listed(words: Sequence[str]) -> str:
    """Words joined as in a sentence: "Learn", "Learn and Observe", "A, B and C"."""
    if len(words) < FEW:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def acted_by(actor: str) -> tuple[str, str]:
    """Who did something, as facts name them, in words; and the address of the person, empty where it was none."""
    if actor.startswith(PERSON):
        return "A person", f"/users/{actor.removeprefix(PERSON)}"
    return "Usher itself" if actor == SYSTEM else actor, ""
