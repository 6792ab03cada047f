"""Expectation: when one who waits can honestly expect a seat, or that nobody can tell (seats: Why)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from usher_entitlements.domain.license import License
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.terms import LicenseTerm, due_passages, with_successors

OBSERVED = timedelta(days=90)
"""How far back the pace of a line is looked at."""
ENOUGH = 3
"""Fewer promotions than this are no pace."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a line moves: people promoted within a time of observation."""

    promoted: int
    observed: timedelta

    @property
    def each(self) -> timedelta | None:
        """The time from one promotion to the next; None where too few were seen to say."""
        return self.observed / self.promoted if self.promoted >= ENOUGH else None


def expect(pool: Pool, terms: Sequence[LicenseTerm], position: int, pace: Pace, at: datetime) -> datetime | None:
    """When the person at `position` (from 1) of a line can expect a seat; None where nothing known brings one.

    Known are the pace of the line while the license counts, and the seats that terms give or take at their dates.
    Nothing is expected beyond the last known term: whether it will be renewed, nobody knows.
    """
    freed = 0.0
    for begins, ends, given in _periods(terms, at):
        if not given.state.counts:
            continue
        missing = position - _room(pool, given) - freed
        if missing <= 0:
            return begins
        if pace.each is not None:
            seat_comes = begins + pace.each * missing
            if ends is not None and seat_comes < ends:
                return seat_comes
            if ends is not None:
                freed += (ends - begins) / pace.each
    return None


def _room(pool: Pool, given: License) -> float:
    if given.extra is None:
        return float("inf")
    return given.capacity + given.extra - pool.assigned


def _periods(terms: Sequence[LicenseTerm], at: datetime) -> Iterator[tuple[datetime, datetime | None, License]]:
    """From `at` on, each time between two passages with what the terms give in it; the last has no end."""
    own = with_successors(terms)
    # The dates that are known lie within each term's own life.
    moments = [
        at,
        *(moment for moment in due_passages(own, max(term.expires_at for term in own)) if moment > at),
    ]
    for begins, ends in zip(moments, [*moments[1:], None], strict=True):
        given = License.of(term.passed(begins) for term in own)
        if given is not None:
            yield begins, ends, given
