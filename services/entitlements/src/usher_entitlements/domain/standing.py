"""Standing: all that is known of one person and one product at a moment, for explaining it."""

from collections.abc import Sequence
from dataclasses import dataclass

from usher_entitlements.domain.allocation import Want
from usher_entitlements.domain.grants import Call, Rules, calls
from usher_entitlements.domain.people import Person
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Seat, SeatState
from usher_entitlements.domain.terms import LicenseTerm


@dataclass(frozen=True, slots=True)
class Standing:
    """A person (None: unknown), and what serves them for a product."""

    product: str
    rules: Rules
    person: Person | None = None
    terms: Sequence[LicenseTerm] = ()
    """Every term, ever, of the person's organization and of those above it, for this product."""
    pool: Pool | None = None
    """The pool that serves the person's organization."""
    seat: Seat | None = None
    line: Sequence[Want] = ()
    """Everybody else in the pool's line who may come before the person: the suspended, and who waits."""

    @property
    def called_by(self) -> Sequence[Call]:
        """The person's roles that call for the product, the earliest first."""
        return calls(self.rules, self.person, self.product) if self.person else []

    @property
    def seat_state(self) -> SeatState:
        return self.seat.state if self.seat else SeatState.NONE

    @property
    def position(self) -> int | None:
        """The place in line of one who waits, from 1."""
        if self.seat is None or self.seat.state is not SeatState.WAITLISTED:
            return None
        own = self.seat.want.place
        return 1 + sum(other.place < own for other in self.line)
