"""When one who waits can honestly expect a seat, or that nobody can tell (seats: Why)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from usher_entitlements.domain.expectation import Pace, expect
from usher_entitlements.domain.terms import LicenseTerm, TermState

from .test_seating_stories import DISTRICT, START, TENANT, day, pool

STANDS_STILL = Pace(2, timedelta(days=90))
ONE_IN_TEN_DAYS = Pace(9, timedelta(days=90))


def term(seats: int, *, starts: float = 0, ends: float = 365, state: str = "active", number: int = 1) -> LicenseTerm:
    return LicenseTerm(
        TENANT, UUID(int=number), DISTRICT, "learn", seats, day(starts), day(ends), state=TermState(state)
    )


LAST = term(10)
NEXT = term(15, starts=365, ends=730, state="scheduled", number=2)
AFTER_A_GAP = term(15, starts=200, state="scheduled", number=2)
MORE = term(3, starts=200, ends=730, state="scheduled", number=3)


@pytest.mark.parametrize(
    ("story", "terms", "position", "pace", "expected"),
    [
        ("nothing moves", [LAST], 1, STANDS_STILL, None),
        ("the line moves", [LAST], 2, ONE_IN_TEN_DAYS, day(120)),
        ("not before the license ends", [LAST], 27, ONE_IN_TEN_DAYS, None),
        ("a renewal brings more seats", [LAST, NEXT], 5, STANDS_STILL, day(365)),
        ("but not enough", [LAST, NEXT], 6, STANDS_STILL, None),
        ("what the line has moved by then counts", [LAST, NEXT], 31, ONE_IN_TEN_DAYS, day(365)),
        ("a purchase beside it", [LAST, MORE], 3, STANDS_STILL, day(200)),
        ("without it the line is slower", [LAST, MORE], 12, ONE_IN_TEN_DAYS, day(200)),
        ("three promotions are a pace", [LAST], 1, Pace(3, timedelta(days=90)), day(130)),
        ("it ends as the seat would come", [term(10, ends=110)], 1, ONE_IN_TEN_DAYS, None),
        ("after a gap", [term(10, ends=110), AFTER_A_GAP], 5, STANDS_STILL, day(200)),
        ("overage counts", [LAST, replace(NEXT, overage="percent:20")], 8, STANDS_STILL, day(365)),
        ("and no further", [LAST, replace(NEXT, overage="percent:20")], 9, STANDS_STILL, None),
        ("it has run out for all that is known", [term(10, ends=50, state="expired")], 1, ONE_IN_TEN_DAYS, None),
    ],
)  # fmt: skip
def test_an_expectation(
    story: str, terms: Sequence[LicenseTerm], position: int, pace: Pace, expected: datetime | None
) -> None:
    assert expect(pool(10, assigned=10, waiting=40), terms, position, pace, day(100)) == expected, story


def test_seats_without_a_limit_come_with_their_term() -> None:
    unlimited = replace(NEXT, overage="allow")
    assert expect(pool(10, assigned=10, waiting=9), [LAST, unlimited], 9, STANDS_STILL, day(100)) == day(365)


def test_an_over_allocated_pool_gives_nothing_until_it_has_shrunk() -> None:
    assert expect(pool(10, assigned=12, waiting=1), [LAST], 1, ONE_IN_TEN_DAYS, START + timedelta(days=100)) == day(130)
