"""Who wants a product, from which pool, and where they stand in line (seats: Seat states)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from .things import ALWAYS, Person, Rule, Unit


def way_up(units: Mapping[UUID, Unit], org: UUID) -> list[UUID]:
    """The organization and those above it, the nearest first, as far as they are known, and not round in a circle."""
    way: list[UUID] = []
    here: UUID | None = org
    while here is not None and here not in way:
        way.append(here)
        here = units[here].parent if here in units else None
    return way


def serving_pool(units: Mapping[UUID, Unit], own: Iterable[tuple[UUID, str]], org: UUID, product: str) -> UUID | None:
    """The organization whose pool serves this one: itself, else its nearest ancestor with a pool of its own."""
    pools = set(own)
    return next((unit for unit in way_up(units, org) if (unit, product) in pools), None)


def calls(person: Person, rules: Iterable[Rule], product: str) -> list[tuple[Rule, datetime]]:
    """The rules by which the person's roles call for a product, and since when each of them does."""
    return [
        (rule, max(person.roles[rule.role], rule.since))
        for rule in rules
        if rule.product == product and rule.role in person.roles
    ]


def wanted_since(person: Person, rules: Iterable[Rule], product: str, lifted_at: datetime | None) -> datetime:
    return max(person.status_since, min(since for _, since in calls(person, rules, product)), lifted_at or ALWAYS)


def priority(person: Person, rules: Iterable[Rule], product: str) -> int:
    return min(rule.priority for rule, _ in calls(person, rules, product))


def lifted_by_role(person: Person, rules: Iterable[Rule], product: str, blocked_at: datetime) -> datetime | None:
    """When a role that calls, and is held since later than the block, lifts it."""
    return min((since for since in held_since(person, rules, product) if since > blocked_at), default=None)


def held_since(person: Person, rules: Iterable[Rule], product: str) -> list[datetime]:
    """Since when the person has each role that calls, whatever it called for."""
    return [person.roles[rule.role] for rule, _ in calls(person, rules, product)]
