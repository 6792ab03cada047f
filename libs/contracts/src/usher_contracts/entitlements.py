"""Facts that entitlements owns: products, rules, license terms, pools and seats (messages: The catalogue)."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from usher_contracts.envelope import StateFact, Time
from usher_contracts.identity import Role

TermState = Literal["scheduled", "active", "expiring", "grace", "expired", "ended", "renewed"]
RequestState = Literal["open", "granted", "declined", "withdrawn"]
PoolState = Literal["open", "ended"]
SeatState = Literal["none", "waitlisted", "assigned", "suspended", "withheld", "released"]
ClaimKind = Literal["assigned", "waitlisted", "promoted", "suspended", "restored", "withheld", "moved", "released"]
SeatReason = Literal[
    "role_granted",
    "role_revoked",
    "user_activated",
    "user_suspended",
    "user_archived",
    "user_deleted",
    "user_transferred",
    "seat_freed",
    "capacity_raised",
    "capacity_lowered",
    "license_started",
    "license_expired",
    "license_renewed",
    "rule_changed",
    "pool_changed",
    "inactivity",
    "returned",
    "manual",
]
ShrinkPolicy = Literal["keep", "least_recently_active", "last_assigned"]
Product = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_-]*$")]
Overage = Annotated[str, Field(pattern=r"^(block|allow|percent:[0-9]{1,4})$")]


class ProductChanged(StateFact):
    """A product of a tenant's catalogue."""

    type: ClassVar[str] = "usher.entitlements.product.changed.v1"

    product: Product
    name: str
    description: str = ""

    @property
    def subject(self) -> str:
        return f"{self.tenant_id}/{self.product}"


class GrantRuleChanged(StateFact):
    """A role calls for a product, with a priority class (lower first), since when; or no longer (`active` false)."""

    type: ClassVar[str] = "usher.entitlements.grant_rule.changed.v1"

    id: UUID
    role: Role
    product: Product
    priority: int = 0
    active: bool = True
    since: Time | None = None

    @property
    def subject(self) -> str:
        return str(self.id)


class LicenseTermChanged(StateFact):
    """One purchase of seats of one product, and its state (seats: The life of a license term)."""

    type: ClassVar[str] = "usher.entitlements.license_term.changed.v1"

    id: UUID
    org_id: UUID
    product: Product
    seats: Annotated[int, Field(ge=0)]
    starts_at: Time
    ends_at: Time
    grace_days: Annotated[int, Field(ge=0)] = 0
    overage: Overage = "block"
    shrink: ShrinkPolicy = "keep"
    price_per_seat: Decimal | None = None
    currency: str | None = None
    state: TermState

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID:
        return self.org_id


class LicenseTermNotice(StateFact):
    """A term comes near its end: `days_left` whole days, past the notice `threshold`. `version` is the term's."""

    type: ClassVar[str] = "usher.entitlements.license_term.notice.v1"

    term_id: UUID
    org_id: UUID
    product: Product
    seats: int
    ends_at: Time
    days_left: int
    threshold: int

    @property
    def subject(self) -> str:
        return f"{self.term_id}/{self.ends_at.isoformat()}/{self.threshold}"

    @property
    def unit(self) -> UUID:
        return self.org_id


class RequestFigures(BaseModel):
    """The pool that serves an organization, as it was when more seats were asked for; zero where none did.

    `waitlisted_here` are those of `waitlisted` who are of the organization that asks, or of its units.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    capacity: int
    assigned: int
    available: int
    waitlisted: int
    waitlisted_here: int
    suspended: int
    over_allocated: bool = False
    license_state: TermState | None = None
    ends_at: Time | None = None


class LicenseRequestChanged(StateFact):
    """An organization asks for further seats of a product, and what became of it (guide: Request licenses)."""

    type: ClassVar[str] = "usher.entitlements.license_request.changed.v1"

    id: UUID
    org_id: UUID
    """The organization that asks; the pool's may be an ancestor's."""
    pool_id: UUID
    product: Product
    seats: Annotated[int, Field(ge=1)]
    """So many more than there are."""
    note: str | None = None
    state: RequestState
    figures: RequestFigures
    asked_by: str
    """As envelopes name an `actor`; so is `answered_by`, who may also be the one who withdrew it."""
    asked_at: Time
    answered_by: str | None = None
    answered_at: Time | None = None
    answer_note: str | None = None
    license_term_id: UUID | None = None
    """The term that was bought or changed for it."""

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID:
        return self.org_id


class PoolChanged(StateFact):
    """All the seats of one product at one organization, with their figures; coalesced per batch."""

    type: ClassVar[str] = "usher.entitlements.pool.changed.v1"

    id: UUID
    org_id: UUID
    product: Product
    state: PoolState
    license_state: TermState
    capacity: int
    capacity_with_grace: int
    overage_seats: int | None = 0
    """Seats that may be given beyond capacity; null is no limit."""
    assigned: int
    waitlisted: int
    suspended: int
    over_allocated: bool = False
    starts_at: Time | None = None
    ends_at: Time | None = None
    as_of: Time

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID:
        return self.org_id


class PoolFigures(BaseModel):
    """A pool's figures at the moment of a decision."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    capacity: int
    assigned: int
    waitlisted: int


class SeatEvidence(BaseModel):
    """What a seat's state rests on: the calling role, its rule, and the pool as it was then."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: Role | None = None
    rule_id: UUID | None = None
    pool: PoolFigures | None = None
    note: str | None = None
    """What the administrator wrote who took or gave the seat by hand."""


class SeatChanged(StateFact):
    """One (person, product) pair after a change: one claim of the license history for each version."""

    type: ClassVar[str] = "usher.entitlements.seat.changed.v1"

    user_id: UUID
    product: Product
    org_id: UUID
    """The person's organization; the pool's may be an ancestor's."""
    pool_id: UUID | None = None
    state: SeatState
    from_state: SeatState
    claim: ClaimKind
    reason: SeatReason
    since: Time
    assigned_since: Time | None = None
    wanted_since: Time | None = None
    evidence: SeatEvidence = SeatEvidence()

    @property
    def subject(self) -> str:
        return f"{self.user_id}/{self.product}"

    @property
    def unit(self) -> UUID:
        return self.org_id
