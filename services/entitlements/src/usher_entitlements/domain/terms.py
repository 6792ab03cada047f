"""The life of a license term: the states that time moves it through (seats: The life of a license term)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

EXPIRING_BEFORE = timedelta(days=90)


class TermState(StrEnum):
    """What a term counts for now, in the order in which time passes through them."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    EXPIRING = "expiring"
    GRACE = "grace"
    EXPIRED = "expired"
    RENEWED = "renewed"
    ENDED = "ended"

    @property
    def counts(self) -> bool:
        """Whether the term's seats can be given to newcomers."""
        return self in (TermState.ACTIVE, TermState.EXPIRING)

    @property
    def keeps(self) -> bool:
        """Whether who has a seat keeps it."""
        return self.counts or self is TermState.GRACE

    @property
    def is_final(self) -> bool:
        return self in (TermState.EXPIRED, TermState.RENEWED, TermState.ENDED)

    @property
    def rank(self) -> int:
        return _ORDER[self]


_ORDER = {state: rank for rank, state in enumerate(TermState)}


@dataclass(frozen=True, slots=True)
class LicenseTerm:
    """One purchase of `seats` seats of a product by an organization. Decisions read `state`, never the dates."""

    tenant_id: UUID
    id: UUID
    org_id: UUID
    product: str
    seats: int
    starts_at: datetime
    ends_at: datetime
    grace_days: int = 0
    overage: str = "block"
    shrink: str = "keep"
    price_per_seat: Decimal | None = None
    currency: str | None = None
    ended_at: datetime | None = None
    state: TermState = TermState.SCHEDULED
    version: int = 1
    renewed_at: datetime | None = None
    """When its successor starts, as the unit's other terms say: see `with_successors`."""

    @property
    def expires_at(self) -> datetime:
        """The end of the grace period: from then on the term counts for nothing."""
        return self.ends_at + timedelta(days=self.grace_days)

    @property
    def has_begun(self) -> bool:
        """Whether it has ever counted; one that was ended before its start never did."""
        if self.state is TermState.ENDED and self.ended_at is not None:
            return self.starts_at <= self.ended_at
        return self.state is not TermState.SCHEDULED

    @property
    def over_at(self) -> datetime:
        """When it came to be over; for one that is not, when time alone will bring that."""
        if self.ended_at is not None:
            return self.ended_at
        return self.ends_at if self.state is TermState.RENEWED else self.expires_at

    def state_at(self, at: datetime) -> TermState:
        """The state that the term's dates give at `at`. An administrator's end goes before all of them."""
        if self.ended_at is not None and self.ended_at <= at:
            return TermState.ENDED
        if at < self.starts_at:
            return TermState.SCHEDULED
        if self.renewed_at is not None and self.renewed_at <= at:
            return TermState.RENEWED
        if at < self.ends_at - EXPIRING_BEFORE:
            return TermState.ACTIVE
        if at < self.ends_at:
            return TermState.EXPIRING
        return TermState.GRACE if at < self.expires_at else TermState.EXPIRED

    @property
    def next_passage_at(self) -> datetime | None:
        """When time alone changes the state next; None when it never does."""
        if self.state.is_final:
            return None
        # A short term has no active part and one without grace goes straight to expired: such boundaries move nothing.
        boundaries = (self.starts_at, self.ends_at - EXPIRING_BEFORE, self.ends_at, self.expires_at, self.renewed_at)
        ahead = (at for at in boundaries if at is not None and self.state_at(at).rank > self.state.rank)
        return min(ahead)

    def passed(self, moment: datetime) -> "LicenseTerm":
        """The term once `moment` has come: one version on if it is in a later state; time takes none back.

        What is over stays so: a successor that is entered after its start makes no gap undone.
        """
        if self.state.is_final:
            return self
        state = self.state_at(moment)
        return replace(self, state=state, version=self.version + 1) if state.rank > self.state.rank else self


def with_successors(terms: Iterable[LicenseTerm]) -> list[LicenseTerm]:
    """The terms, each knowing when its successor starts (seats: The life of a license term).

    A successor is the same unit's term that starts once the term has ended and before it has expired. One that starts
    earlier is a purchase beside it: both count together.
    """
    known = list(terms)
    starts: dict[tuple[UUID, str], list[datetime]] = defaultdict(list)
    for term in known:
        if term.ended_at is None or term.starts_at <= term.ended_at:
            starts[term.org_id, term.product].append(term.starts_at)
    return [_succeeded(term, starts[term.org_id, term.product]) for term in known]


def enter(term: LicenseTerm, others: Iterable[LicenseTerm], at: datetime) -> list[LicenseTerm]:
    """The unit's other terms, and last the one that is bought or corrected at `at`, in the state that it has by then.

    What was entered late is renewed like any other: its successor may have started already.
    """
    *known, dated = with_successors([*others, term])
    return [*known, replace(dated, state=dated.state_at(at))]


def _succeeded(term: LicenseTerm, starts: Iterable[datetime]) -> LicenseTerm:
    renewed_at = min((at for at in starts if term.ends_at <= at <= term.expires_at), default=None)
    return replace(term, renewed_at=renewed_at)


def due_passages(terms: Iterable[LicenseTerm], at: datetime) -> Sequence[datetime]:
    """The moments up to `at` at which a term changes its state, in order: catching up goes through each of them."""
    moments: set[datetime] = set()
    for term in terms:
        moved = term
        while (passage := moved.next_passage_at) is not None and passage <= at:
            moments.add(passage)
            moved = moved.passed(passage)
    return sorted(moments)
