"""What the terms of a pool give it together: its capacity, how long it can be used, its license state."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from usher_entitlements.domain.overage import overage_seats, total_overage
from usher_entitlements.domain.terms import LicenseTerm, TermState

KEEP = "keep"
"""The shrink policy that takes nobody's seat."""


@dataclass(frozen=True, slots=True)
class License:
    """Seats that can be given (`capacity`, `extra`), and those that are kept (`…_with_grace`). No limit is None."""

    state: TermState
    capacity: int
    capacity_with_grace: int
    extra: int | None
    extra_with_grace: int | None
    starts_at: datetime
    ends_at: datetime
    usable_until: datetime
    """When the last term that counts or is in grace expires; for a pool without one, when its last one did."""
    shrink: str = KEEP
    """What becomes of holders beyond the license: the policy of the counting term that ends last."""

    @classmethod
    def of(cls, terms: Iterable[LicenseTerm]) -> "License | None":
        """The license of one product at one organization, or None before the first `starts_at` (seats: Capacity).

        A term in grace gives its seats and its overage to holders alone. Dates are those of the best terms: of those
        that count, else of those in grace, else of those that are past.
        """
        own = list(terms)
        begun = [term for term in own if term.has_begun]
        if not begun:
            return None
        counting, keeping = _those(begun, lambda s: s.counts), _those(begun, lambda s: s.keeps)
        best = counting or keeping or begun
        return cls(
            state=_state(own, begun),
            capacity=sum(term.seats for term in counting),
            capacity_with_grace=sum(term.seats for term in keeping),
            extra=total_overage(overage_seats(term.overage, term.seats) for term in counting),
            extra_with_grace=total_overage(overage_seats(term.overage, term.seats) for term in keeping),
            starts_at=min(term.starts_at for term in best),
            ends_at=max(term.ends_at for term in best),
            usable_until=max((term.expires_at for term in keeping), default=max(term.over_at for term in begun)),
            shrink=max(counting, key=lambda term: (term.ends_at, term.id)).shrink if counting else KEEP,
        )


def _state(own: Sequence[LicenseTerm], begun: Sequence[LicenseTerm]) -> TermState:
    """The best state of the terms that have begun; once all are over, ended if an administrator ended the last one."""
    best = min((term.state for term in begun), key=lambda state: state.rank)
    if not best.is_final:
        return best
    last = max(own, key=lambda term: (term.over_at, term.id))
    return TermState.ENDED if last.state is TermState.ENDED else TermState.EXPIRED


def _those(terms: Sequence[LicenseTerm], holds: Callable[[TermState], bool]) -> Sequence[LicenseTerm]:
    return [term for term in terms if holds(term.state)]
