"""The judge of decisions is itself judged: lawful histories pass, and each kind of offence is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from .lawfulness import judge
from .ledger import Ledger, PoolState, SeatState

DAY = datetime(2026, 9, 1, tzinfo=UTC)
POOL = PoolState(seq=0, tx=0, pool_id="p", capacity=1, capacity_with_grace=1, assigned=0)


def seat(seq: int, tx: int, who: str, state: str, *, day: int, was: str | None = None, version: int = 1) -> SeatState:
    """`who`, wanting a seat since `day`, as transaction `tx` left them."""
    old = {"old_pool_id": "p", "old_state": was, "old_version": version - 1} if was else {}
    since = DAY + timedelta(days=day)
    return SeatState(seq, tx, who, "learn", "p", state, since, version, **old)  # type: ignore[arg-type]


def pool(seq: int, tx: int, assigned: int, waiting: int = 0, capacity: int = 1, *, over: bool = False) -> PoolState:
    counted = replace(POOL, seq=seq, tx=tx, assigned=assigned, waitlisted=waiting, over_allocated=over)
    return replace(counted, capacity=capacity, capacity_with_grace=capacity)


def kinds(*rows: SeatState | PoolState) -> list[str]:
    """The offences in a history of these rows."""
    seats = [row for row in rows if isinstance(row, SeatState)]
    return [one.kind for one in judge(Ledger(seats, [row for row in rows if isinstance(row, PoolState)]))]


ADA_SEATED = (pool(1, 1, 0), seat(2, 2, "ada", "assigned", day=1), pool(3, 2, 1))
BOB_AND_EVE_WAIT = (
    *(seat(4, 3, "bob", "waitlisted", day=3), pool(5, 3, 1, 1)),
    *(seat(6, 4, "eve", "waitlisted", day=2), pool(7, 4, 1, 2)),
)
ADA_LEAVES = seat(8, 5, "ada", "released", day=1, was="assigned", version=2)


def test_a_seat_freed_goes_to_the_earliest_place() -> None:
    eve = seat(9, 5, "eve", "assigned", day=2, was="waitlisted", version=2)
    assert kinds(*ADA_SEATED, *BOB_AND_EVE_WAIT, ADA_LEAVES, eve, pool(10, 5, 1, 1)) == []


def test_a_seat_past_an_earlier_place_is_unlawful() -> None:
    bob = seat(9, 5, "bob", "assigned", day=3, was="waitlisted", version=2)
    assert kinds(*ADA_SEATED, *BOB_AND_EVE_WAIT, ADA_LEAVES, bob, pool(10, 5, 1, 1)) == ["place"]


def test_a_place_that_was_lost_before_counts_as_it_was_then() -> None:
    """Eve's role that came first was taken: she waits since a later day now, which no claim tells."""
    eve = seat(8, 5, "eve", "waitlisted", day=4, was="waitlisted", version=2)
    gone = replace(ADA_LEAVES, seq=9, tx=6)
    bob = seat(10, 6, "bob", "assigned", day=3, was="waitlisted", version=2)
    assert kinds(*ADA_SEATED, *BOB_AND_EVE_WAIT, eve, gone, bob, pool(11, 6, 1, 1)) == []


@pytest.mark.parametrize(("first", "second"), [("priority", 0), ("first_in_line", True)])
def test_a_class_and_the_first_in_line_go_before_who_waits_longer(first: str, second: int) -> None:
    bob = replace(seat(9, 5, "bob", "assigned", day=3, was="waitlisted", version=2), **{first: second})  # type: ignore[arg-type]
    eve = replace(seat(6, 4, "eve", "waitlisted", day=2), priority=1)
    rows = (*ADA_SEATED, *BOB_AND_EVE_WAIT[:2], eve, BOB_AND_EVE_WAIT[3], ADA_LEAVES, bob, pool(10, 5, 1, 1))
    assert kinds(*rows) == []


def test_a_newcomer_past_somebody_who_waits_is_unlawful() -> None:
    more = pool(8, 5, 1, 2, capacity=3)
    kim = seat(9, 5, "kim", "assigned", day=9)
    assert set(kinds(*ADA_SEATED, *BOB_AND_EVE_WAIT, more, kim, pool(10, 5, 2, 2, capacity=3))) == {"place", "idle"}


def test_a_pool_beyond_its_capacity_is_over_its_cap() -> None:
    assert kinds(*ADA_SEATED, seat(4, 3, "bob", "assigned", day=2), pool(5, 3, 2)) == ["cap", "cap"]


def test_the_cap_is_held_against_the_seats_and_not_against_the_pools_own_figure() -> None:
    assert set(kinds(*ADA_SEATED, seat(4, 3, "bob", "assigned", day=2), pool(5, 3, 1))) == {"cap", "figures"}


def test_a_shrunken_pool_keeps_its_holders_and_takes_nobody() -> None:
    two = (seat(4, 3, "bob", "assigned", day=2), pool(5, 3, 2, capacity=2))
    shrunk = pool(6, 4, 2, capacity=1, over=True)
    kim = (seat(7, 5, "kim", "assigned", day=3), pool(8, 5, 3, capacity=1, over=True))
    assert kinds(*ADA_SEATED, *two, shrunk) == []
    assert kinds(*ADA_SEATED, *two, shrunk, *kim) == ["cap"]


def test_a_shrunken_pool_that_is_not_marked_is_over_its_cap() -> None:
    two = (seat(4, 3, "bob", "assigned", day=2), pool(5, 3, 2, capacity=2))
    assert kinds(*ADA_SEATED, *two, pool(6, 4, 2, capacity=1)) == ["cap"]


def test_a_seat_that_came_along_with_its_unit_is_no_growth_and_a_transfer_is() -> None:
    elsewhere = replace(pool(4, 3, 0), pool_id="q")
    moved = replace(seat(5, 3, "bob", "assigned", day=2, was="assigned", version=2), old_pool_id="q")
    over = pool(6, 3, 2, over=True)
    assert kinds(*ADA_SEATED, elsewhere, moved, over) == []
    assert kinds(*ADA_SEATED, elsewhere, replace(moved, version=3), over) == ["cap"]


def test_a_free_seat_beside_somebody_who_waits_is_idle() -> None:
    assert kinds(*ADA_SEATED, *BOB_AND_EVE_WAIT, ADA_LEAVES, pool(9, 5, 0, 2)) == ["idle"]


def test_somebody_may_wait_while_no_term_counts() -> None:
    expired = replace(pool(9, 5, 0, 2), license_state="expired")
    assert kinds(*ADA_SEATED, *BOB_AND_EVE_WAIT, ADA_LEAVES, expired) == []


def test_figures_that_are_not_the_counts_are_found() -> None:
    assert kinds(*ADA_SEATED, pool(4, 3, 0)) == ["figures"]
