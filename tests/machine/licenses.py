"""License terms and pools as the dates alone make them: what the machine expects of one pool (seats: Capacity)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ENDLESS = float("inf")


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
    ended_at: datetime | None = None
    """When an administrator ended it."""

    @property
    def expires_at(self) -> datetime:
        return self.ends_at + timedelta(days=self.grace_days)

    @property
    def gives(self) -> float:
        """The most seats that it gives, overage included."""
        return ENDLESS if self.extra_percent is None else self.seats + self.seats * self.extra_percent // 100

    def has_begun(self, at: datetime) -> bool:
        """Whether it ever counted; one that was ended before its start never did."""
        return self.starts_at <= (at if self.ended_at is None else self.ended_at)

    def counts(self, at: datetime) -> bool:
        return self.ended_at is None and self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class License:
    """All terms of one product at one organization."""

    terms: Sequence[Term]

    def renewed_at(self, term: Term) -> datetime | None:
        """When its successor starts: a term that starts between its end and the end of its grace."""
        starts = (other.starts_at for other in self.terms if other.has_begun(other.starts_at))
        return min((at for at in starts if term.ends_at <= at <= term.expires_at), default=None)

    def is_renewed(self, term: Term, at: datetime) -> bool:
        renewed_at = self.renewed_at(term)
        return term.ended_at is None and renewed_at is not None and renewed_at <= at

    def keeps(self, term: Term, at: datetime) -> bool:
        """Whether who has a seat keeps it by this term."""
        in_grace = term.ended_at is None and term.ends_at <= at < term.expires_at
        return term.counts(at) or (in_grace and not self.is_renewed(term, at))

    def is_over(self, term: Term, at: datetime) -> bool:
        """Whether it is expired, renewed or ended: it is not changed any more."""
        return term.starts_at <= at and not self.keeps(term, at) if term.ended_at is None else True

    def over_at(self, term: Term, at: datetime) -> datetime:
        """When it came to be over, or will by time alone."""
        if term.ended_at is not None:
            return term.ended_at
        return term.ends_at if self.is_renewed(term, at) else term.expires_at

    def is_open(self, at: datetime) -> bool:
        """Whether there is a pool of the organization's own (seats: Words, pool): expiry does not end it."""
        begun = [term for term in self.terms if term.has_begun(at)]
        if not begun or any(not self.is_over(term, at) for term in begun):
            return bool(begun)
        return max(self.terms, key=lambda term: (self.over_at(term, at), term.id)).ended_at is None

    def expect(self, at: datetime, wanted: int) -> "Expected":
        """What must be true of its pool, for which between `least` and `most` people want a seat."""
        counting = [term for term in self.terms if term.counts(at)]
        keeping = [term for term in self.terms if self.keeps(term, at)]
        return Expected(
            capacity=sum(term.seats for term in counting),
            wanted=wanted,
            gives=sum(term.gives for term in counting),
            keeps=sum(term.gives for term in keeping),
            counts=bool(counting),
            is_kept=bool(keeping),
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be true of one pool."""

    capacity: int
    wanted: int
    """How many people want a seat."""
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

        How many are held beyond what the pool gives depends on the order in which the system came to know of the acts;
        everything else does not (seats: Invariants, I5).
        """
        if assigned + waiting + suspended != self.wanted:
            yield f"{assigned} hold a seat, {waiting} wait, {suspended} are suspended; {self.wanted} want one"
        if self.is_kept and suspended:
            yield f"{suspended} are suspended while a term counts or is in grace"
        if self.counts and assigned < min(self.wanted, self.gives):
            yield f"{assigned} are assigned of {self.gives}, and {self.wanted} want one"
        if not self.is_kept and assigned:
            yield f"{assigned} are assigned where the license ran out"
        if over_allocated != (assigned > self.keeps):
            yield f"{assigned} are assigned, {self.keeps} can be kept, and over-allocated is {over_allocated}"
