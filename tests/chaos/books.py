"""The run's own books: what must be true once all acts are done, kept from the acts alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

PRODUCTS: Mapping[str, frozenset[str]] = {
    "learn": frozenset({"learner", "org_admin"}),
    "observe": frozenset({"observer", "observable", "org_admin"}),
}
"""The roles that call for each product, by the default rules (seats: Words, grant rule)."""


@dataclass(slots=True)
class PersonEntry:
    """One person. A version counts what was really changed, so it tells of an act lost and of one done twice."""

    user_name: str
    display_name: str
    org_id: str
    roles: frozenset[str]
    status: str = "active"
    version: int = 1
    profile_version: int = 1
    id: str | None = None
    acts: int = 1
    """Acts on them that changed something, and so are in the audit log."""

    def set_roles(self, roles: frozenset[str]) -> None:
        self.version += roles != self.roles
        self.acts += roles != self.roles
        self.roles = roles

    def become(self, status: str) -> None:
        self.version += status != self.status
        self.acts += status != self.status
        self.status = status

    def move(self, org_id: str) -> None:
        self.version += org_id != self.org_id
        self.profile_version += org_id != self.org_id
        self.acts += org_id != self.org_id
        self.org_id = org_id

    def rename(self, display_name: str) -> None:
        self.profile_version += display_name != self.display_name
        self.acts += display_name != self.display_name
        self.display_name = display_name

    def wants(self, product: str) -> bool:
        return self.status == "active" and bool(self.roles & PRODUCTS[product])


@dataclass(slots=True)
class TermEntry:
    """One license term. `ends_at` is its own alone, so that a term entered twice is found."""

    org_id: str
    product: str
    seats: int
    ends_at: datetime
    id: str | None = None
    acts: int = 1

    def give(self, seats: int) -> None:
        self.acts += seats != self.seats
        self.seats = seats


@dataclass(slots=True)
class Books:
    """What one thread's acts, or all threads' together, make true."""

    parents: dict[str, str | None] = field(default_factory=dict)
    """Organizations by id, with the id of the one above."""
    people: dict[str, PersonEntry] = field(default_factory=dict)
    """By user name."""
    terms: list[TermEntry] = field(default_factory=list)
    logins: set[tuple[str, datetime]] = field(default_factory=set)
    """(user name, moment)."""

    def take_over(self, other: "Books") -> None:
        """Add what another thread's acts made true."""
        self.parents |= other.parents
        self.people |= other.people
        self.terms += other.terms
        self.logins |= other.logins

    def serving(self, org_id: str, product: str) -> str | None:
        """The organization whose pool serves this one: its own, or its nearest ancestor's (seats: Words, pool)."""
        licensed = {term.org_id for term in self.terms if term.product == product}
        at: str | None = org_id
        while at is not None and at not in licensed:
            at = self.parents[at]
        return at

    def capacities(self) -> Mapping[tuple[str, str], int]:
        """Seats by (organization with a pool, product)."""
        seats: Counter[tuple[str, str]] = Counter()
        for term in self.terms:
            seats[term.org_id, term.product] += term.seats
        return seats

    def demand(self) -> Mapping[tuple[str, str], int]:
        """How many people want a seat of each pool."""
        wanted: Counter[tuple[str, str]] = Counter()
        for person in self.people.values():
            for product in PRODUCTS:
                if person.wants(product) and (pool := self.serving(person.org_id, product)):
                    wanted[pool, product] += 1
        return wanted

    def counts(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """(assigned, waitlisted) of each pool: whatever the order of delivery, as many as there are seats (I4, I5)."""
        wanted = self.demand()
        return {
            pool: (min(wanted[pool], seats), max(0, wanted[pool] - seats)) for pool, seats in self.capacities().items()
        }
