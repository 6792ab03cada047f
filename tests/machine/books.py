"""The machine's own books: what must be true of a district once all is quiet, kept from the acknowledged acts alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .licenses import Expected, License, Term

DEFAULT_RULES = (
    ("learner", "learn"),
    ("observer", "observe"),
    ("observable", "observe"),
    ("org_admin", "learn"),
    ("org_admin", "observe"),
)
"""Which role calls for which product where a tenant has set no rules of its own (seats: Words, grant rule)."""

PRODUCTS = ("learn", "observe")

Unit = tuple[str, str]
"""An organization and a product."""


@dataclass(slots=True)
class Person:
    """`roles` are held since the act of that number."""

    id: str
    org_id: str
    roles: dict[str, int]
    status: str = "active"


@dataclass(slots=True)
class Books:
    """One district, by what was acknowledged. Acts are numbered: one comes after the other."""

    tenant_id: str
    acts: int = 0
    parents: dict[str, str | None] = field(default_factory=dict)
    """Organizations by id, with the id of the one above."""
    people: dict[str, Person] = field(default_factory=dict)
    terms: dict[str, Term] = field(default_factory=dict)
    rules: frozenset[tuple[str, str]] = frozenset(DEFAULT_RULES)
    """(role, product) that calls."""
    withheld: dict[tuple[str, str], int] = field(default_factory=dict)
    """(person, product) that was withheld by the act of that number, and not lifted by hand since."""
    logins: set[tuple[str, datetime]] = field(default_factory=set)

    # What acts change

    def set_roles(self, person: Person, roles: Iterable[str]) -> None:
        person.roles = {role: person.roles.get(role, self.acts) for role in roles}

    def set_rules(self, rules: Iterable[tuple[str, str]]) -> None:
        self.rules = frozenset(rules)

    def withhold(self, person: Person, product: str) -> None:
        self.withheld[person.id, product] = self.acts

    def lift(self, person: Person, product: str) -> None:
        self.withheld.pop((person.id, product), None)

    # What must be true

    def calls(self, person: Person, product: str) -> Iterator[int]:
        """Since when the person has each role that calls for the product."""
        return (since for role, since in person.roles.items() if (role, product) in self.rules)

    def is_freed(self, person: Person, product: str) -> bool:
        """Whether a role calls that was given after the seat was withheld; a rule that calls later lifts nothing."""
        return any(since > self.withheld[person.id, product] for since in self.calls(person, product))

    def wants(self, person: Person, product: str, at: datetime) -> bool:
        """Whether the person wants the product (seats: Seat states)."""
        is_served = self.serving(person.org_id, product, at) is not None
        if person.status != "active" or not is_served or not any(True for _ in self.calls(person, product)):
            return False
        return (person.id, product) not in self.withheld or self.is_freed(person, product)

    def serving(self, org_id: str, product: str, at: datetime) -> str | None:
        """The organization whose pool serves this one: its own, else its nearest ancestor's."""
        return next((one for one in self.line_up(org_id) if self.license(one, product).is_open(at)), None)

    def license(self, org_id: str, product: str) -> License:
        return License([term for term in self.terms.values() if (term.org_id, term.product) == (org_id, product)])

    def pools(self, at: datetime) -> Mapping[Unit, Expected]:
        """Every pool that there must be."""
        units = {(term.org_id, term.product) for term in self.terms.values()}
        return {unit: self.pool(*unit, at) for unit in sorted(units) if self.license(*unit).is_open(at)}

    def pool(self, org_id: str, product: str, at: datetime) -> Expected:
        served = [one for one in self.people.values() if self.serving(one.org_id, product, at) == org_id]
        return self.license(org_id, product).expect(at, sum(self.wants(person, product, at) for person in served))

    # The tree

    def line_up(self, org_id: str) -> Iterator[str]:
        """The organization and its ancestors."""
        found: str | None = org_id
        while found is not None:
            yield found
            found = self.parents[found]

    def under(self, org_id: str) -> frozenset[str]:
        """An organization and all below it: where it cannot be moved to."""
        return frozenset(one for one in self.parents if org_id in self.line_up(one))
