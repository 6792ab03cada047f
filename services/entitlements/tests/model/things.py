"""What the model knows of: units, people, rules, terms and seats, as plain values (seats: Words)."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

ALWAYS = datetime.min.replace(tzinfo=UTC)
"""Since when a default rule calls."""

PRODUCTS = ("learn", "observe")


@dataclass(frozen=True)
class Unit:
    id: UUID
    parent: UUID | None
    version: int


@dataclass(frozen=True)
class Person:
    id: UUID
    org: UUID
    status: str
    status_since: datetime
    roles: dict[str, datetime]
    version: int


@dataclass(frozen=True)
class Rule:
    role: str
    product: str
    priority: int = 0
    since: datetime = ALWAYS


DEFAULT_RULES = [
    Rule("learner", "learn"),
    Rule("observer", "observe"),
    Rule("observable", "observe"),
    *(Rule(role, product) for role in ("org_admin", "system_admin") for product in PRODUCTS),
]


@dataclass
class Term:
    id: UUID
    org: UUID
    product: str
    seats: int
    starts: datetime
    ends: datetime
    grace_days: int = 0
    overage: str = "block"
    shrink: str = "keep"
    ended_at: datetime | None = None
    """When an administrator ended it."""
    state: str = "scheduled"

    @property
    def expires(self) -> datetime:
        return self.ends + timedelta(days=self.grace_days)

    @property
    def counts(self) -> bool:
        return self.state in ("active", "expiring")

    @property
    def keeps(self) -> bool:
        """Whether it still counts for who has a seat."""
        return self.counts or self.state == "grace"

    @property
    def is_over(self) -> bool:
        return self.state in ("expired", "ended", "renewed")

    @property
    def has_begun(self) -> bool:
        return self.state != "scheduled" and (self.ended_at is None or self.starts <= self.ended_at)


@dataclass(frozen=True)
class Activity:
    """What usage says of a person's seat."""

    person: UUID
    product: str
    activity: str
    version: int
    assigned_since: datetime | None = None
    """The holding that it is said of; None is whichever there is."""
    login: datetime | None = None
    reclaim_due: datetime | None = None
    kept_until: datetime | None = None


@dataclass
class Seat:
    person: UUID
    product: str
    state: str = "none"
    pool: UUID | None = None
    """The organization whose pool it is in, while open."""
    org: UUID | None = None
    """Where its person belonged when it was last decided about."""
    since: datetime = ALWAYS
    assigned_since: datetime | None = None
    order: int | None = None
    """The place that an administrator gave by hand, from 1."""
    first_in_line: bool = False
    priority: int = 0
    wanted_since: datetime = ALWAYS
    block: str | None = None
    """What it was last blocked by: `withheld` or `reclaimed`; and when."""
    blocked_at: datetime | None = None
    given_back_at: datetime | None = None
    """When an administrator or a login lifted that block."""
    lifted_at: datetime | None = None
    """When it was lifted, as the person's roles are now; None while it is not."""
    is_reclaimed: bool = False
    """Whether its last version says that it was released for inactivity."""
    claims: list[str] = field(default_factory=list)

    @property
    def place(self) -> tuple[float, bool, int, datetime, UUID]:
        """Place in line; the lower is the nearer."""
        order = math.inf if self.order is None else self.order
        return (order, not self.first_in_line, self.priority, self.wanted_since, self.person)

    @property
    def is_blocked(self) -> bool:
        return self.blocked_at is not None and self.lifted_at is None

    @property
    def is_open(self) -> bool:
        return self.state in ("waitlisted", "assigned", "suspended")

    def becomes(self, state: str, claim: str, at: datetime) -> None:
        """The next version. Who is not waiting has no place in line any more, and a holding ends with the seat."""
        self.state, self.since, self.order = state, max(at, self.since), None
        self.claims.append(claim)
        self.is_reclaimed = False
        if state != "waitlisted":
            self.first_in_line = False
        if state not in ("assigned", "suspended"):
            self.assigned_since = None
        if not self.is_open:
            self.pool = None
