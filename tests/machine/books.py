"""The machine's own books: what must be true of a district once all is quiet, kept from the acknowledged acts alone."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DEFAULT_RULES = frozenset(
    {
        ("learner", "learn"),
        ("observer", "observe"),
        ("observable", "observe"),
        ("org_admin", "learn"),
        ("org_admin", "observe"),
    }
)
"""Which role calls for which product where a tenant has set no rules of its own (seats: Words, grant rule)."""

PRODUCTS = ("learn", "observe")

Unit = tuple[str, str]
"""An organization and a product."""


@dataclass(slots=True)
class Person:
    id: str
    org_id: str
    roles: frozenset[str]
    status: str = "active"


@dataclass(slots=True)
class Term:
    """One license term; its state is what its dates give (seats: The life of a license term)."""

    id: str
    org_id: str
    product: str
    seats: int
    starts_at: datetime
    ends_at: datetime
    grace_days: int = 0
    extra_percent: int | None = 0
    """Its overage: so many percent of its seats; None is no limit."""

    @property
    def expires_at(self) -> datetime:
        return self.ends_at + timedelta(days=self.grace_days)

    def counts(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at

    def keeps(self, at: datetime) -> bool:
        return self.starts_at <= at < self.expires_at

    def is_over(self, at: datetime) -> bool:
        return at >= self.expires_at

    @property
    def gives(self) -> float:
        """The most seats that it gives, overage included."""
        return float("inf") if self.extra_percent is None else self.seats + self.seats * self.extra_percent // 100


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be true of one pool: its demand, and the limits between which its assigned seats lie."""

    capacity: int
    demand: int
    gives: float
    """Up to how many seats newcomers are seated."""
    keeps: float
    """Up to how many seats holders keep."""
    counts: bool
    """Whether a term counts."""
    is_kept: bool
    """Whether one counts or is in grace."""

    def amiss(self, assigned: int, waiting: int, suspended: int, *, over_allocated: bool) -> Iterator[str]:
        """What is wrong with figures of the pool.

        Which of them are held beyond what the pool gives depends on the order in which the system came to know of the
        acts; everything else does not (seats: Invariants, I5).
        """
        if assigned + waiting + suspended != self.demand:
            yield f"{self.demand} people want a seat; {assigned} hold one, {waiting} wait, {suspended} are suspended"
        if self.is_kept and suspended:
            yield f"{suspended} are suspended while a term counts or is in grace"
        if self.counts and assigned < min(self.demand, self.gives):
            yield f"{assigned} are assigned of {self.gives}, and {self.demand} want one"
        if not self.is_kept and assigned:
            yield f"{assigned} are assigned where the license ran out"
        if over_allocated != (assigned > self.keeps):
            yield f"{assigned} are assigned, {self.keeps} can be kept, and over-allocated is {over_allocated}"


@dataclass(slots=True)
class Books:
    """One district, by what was acknowledged."""

    tenant_id: str
    parents: dict[str, str | None] = field(default_factory=dict)
    """Organizations by id, with the id of the one above."""
    people: dict[str, Person] = field(default_factory=dict)
    terms: dict[str, Term] = field(default_factory=dict)
    rules: frozenset[tuple[str, str]] = DEFAULT_RULES
    logins: set[tuple[str, datetime]] = field(default_factory=set)

    def wants(self, person: Person, product: str, at: datetime) -> bool:
        """Whether the person wants the product (seats: Seat states)."""
        is_called = any((role, product) in self.rules for role in person.roles)
        return person.status == "active" and is_called and self.serving(person.org_id, product, at) is not None

    def serving(self, org_id: str, product: str, at: datetime) -> str | None:
        """The organization whose pool serves this one: its own, else its nearest ancestor's."""
        opened = {term.org_id for term in self.terms.values() if term.product == product and term.starts_at <= at}
        found: str | None = org_id
        while found is not None and found not in opened:
            found = self.parents[found]
        return found

    def pools(self, at: datetime) -> Mapping[Unit, Expected]:
        """Every pool that there must be."""
        demand: Counter[Unit] = Counter()
        for person in self.people.values():
            for product in PRODUCTS:
                serving = self.serving(person.org_id, product, at)
                if serving is not None and self.wants(person, product, at):
                    demand[serving, product] += 1
        opened = {(term.org_id, term.product) for term in self.terms.values() if term.starts_at <= at}
        return {unit: self._pool(unit, demand[unit], at) for unit in opened}

    def _pool(self, unit: Unit, demand: int, at: datetime) -> Expected:
        own = [term for term in self.terms.values() if (term.org_id, term.product) == unit]
        counting = [term for term in own if term.counts(at)]
        keeping = [term for term in own if term.keeps(at)]
        return Expected(
            capacity=sum(term.seats for term in counting),
            demand=demand,
            gives=sum(term.gives for term in counting),
            keeps=sum(term.gives for term in keeping),
            counts=bool(counting),
            is_kept=bool(keeping),
        )

    def under(self, org_id: str) -> frozenset[str]:
        """An organization and all below it: where it cannot be moved to."""
        return frozenset(one for one in self.parents if org_id in self.line_up(one))

    def line_up(self, org_id: str) -> Iterator[str]:
        """The organization and its ancestors."""
        found: str | None = org_id
        while found is not None:
            yield found
            found = self.parents[found]
