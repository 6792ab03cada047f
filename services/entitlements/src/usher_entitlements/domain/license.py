"""What the terms of a pool give it together: its capacity, how long it can be used, its license state."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from usher_entitlements.domain.overage import overage_seats, total_overage
from usher_entitlements.domain.terms import LicenseTerm, TermState


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

    @classmethod
    def of(cls, terms: Iterable[LicenseTerm]) -> "License | None":
        """The license of one product at one organization, or None before the first `starts_at` (seats: Capacity).

        A term in grace gives its seats and its overage to holders alone. Dates are those of the best terms: of those
        that count, else of those in grace, else of those that are past.
        """
        begun = [term for term in terms if term.state.has_begun]
        if not begun:
            return None
        counting, keeping = _those(begun, lambda s: s.counts), _those(begun, lambda s: s.keeps)
        best = counting or keeping or begun
        return cls(
            state=min((term.state for term in begun), key=lambda state: state.rank),
            capacity=sum(term.seats for term in counting),
            capacity_with_grace=sum(term.seats for term in keeping),
            extra=total_overage(overage_seats(term.overage, term.seats) for term in counting),
            extra_with_grace=total_overage(overage_seats(term.overage, term.seats) for term in keeping),
            starts_at=min(term.starts_at for term in best),
            ends_at=max(term.ends_at for term in best),
            usable_until=max(term.expires_at for term in keeping or begun),
        )


def _those(terms: Sequence[LicenseTerm], holds: Callable[[TermState], bool]) -> Sequence[LicenseTerm]:
    return [term for term in terms if holds(term.state)]
