"""Who wants a product, from which pool, and where they stand in line (seats: Seat states)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from .things import Person, Rule, Unit


def serving_pool(units: Mapping[UUID, Unit], own: Iterable[tuple[UUID, str]], org: UUID, product: str) -> UUID | None:
    """The organization whose pool serves this one: itself, else its nearest ancestor with a pool of its own."""
    pools = set(own)
    seen: set[UUID] = set()
    here: UUID | None = org
    while here is not None and here not in seen:
        if (here, product) in pools:
            return here
        seen.add(here)
        here = units[here].parent if here in units else None
    return None


def calls(person: Person, rules: Iterable[Rule], product: str) -> list[tuple[Rule, datetime]]:
    """The rules by which the person's roles call for a product, and since when each of them does."""
    return [
        (rule, max(person.roles[rule.role], rule.since))
        for rule in rules
        if rule.product == product and rule.role in person.roles
    ]


def wanted_since(person: Person, rules: Iterable[Rule], product: str) -> datetime:
    return max(person.status_since, min(since for _, since in calls(person, rules, product)))


def priority(person: Person, rules: Iterable[Rule], product: str) -> int:
    return min(rule.priority for rule, _ in calls(person, rules, product))
