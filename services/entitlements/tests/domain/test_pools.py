"""Pools: what their figures say, and how they follow from what happened to seats (seats: Capacity, Invariants)."""

from dataclasses import replace

import pytest

from usher_entitlements.domain.carrying import carry_over
from usher_entitlements.domain.pools import Pool, tally
from usher_entitlements.domain.seats import Reason, SeatChange, SeatState, change

from .test_seating_stories import DISTRICT, DISTRICT_POOL, SCHOOL_POOL, day, pool, seat


def overage(own: Pool, extra: int | None) -> Pool:
    return replace(own, license=replace(own.license, extra=extra, extra_with_grace=extra))


@pytest.mark.parametrize(
    ("story", "own", "excess"),
    [
        ("a pool with room", pool(5, assigned=3), 0),
        ("one that is full", pool(5, assigned=5), 0),
        ("one that has shrunk below what is held", pool(5, assigned=7), 2),
        ("overage is kept, too", overage(pool(5, assigned=7), 2), 0),
        ("and no more than it", overage(pool(5, assigned=8), 2), 1),
        ("without a limit it never is", overage(pool(5, assigned=99), None), 0),
        ("terms in grace count for who holds a seat", pool(5, assigned=5, state="grace"), 0),
    ],
)
def test_a_pool_is_over_allocated_by_what_is_held_beyond_what_may_be_kept(story: str, own: Pool, excess: int) -> None:
    assert own.excess == excess, story
    assert own.over_allocated is (excess > 0), story


def carried(*states: str) -> list[SeatChange]:
    seats = [seat(number, state) for number, state in enumerate(states)]
    return list(carry_over(seats, {(DISTRICT, "learn"): SCHOOL_POOL}, day(9)))


def test_assigned_seats_that_come_along_with_a_unit_count_as_carried_in() -> None:
    pools = {
        DISTRICT_POOL: pool(5, assigned=2, waiting=1),
        SCHOOL_POOL: replace(pool(1, id_=SCHOOL_POOL), carried_in=4),
    }
    after = tally(pools, carried("assigned", "waitlisted", "assigned"))
    here, there = after[SCHOOL_POOL], after[DISTRICT_POOL]
    assert (here.assigned, here.waitlisted, here.carried_in) == (2, 1, 6)
    assert (there.assigned, there.waitlisted, there.carried_in) == (0, 0, 0)


def test_suspended_seats_that_come_along_are_none_that_were_given() -> None:
    after = tally({SCHOOL_POOL: pool(1, id_=SCHOOL_POOL)}, carried("suspended", "waitlisted"))
    assert (after[SCHOOL_POOL].suspended, after[SCHOOL_POOL].carried_in) == (1, 0)


def test_a_seat_that_is_given_is_not_carried_in() -> None:
    given = change(seat(1, "waitlisted"), SeatState.ASSIGNED, Reason.SEAT_FREED, day(9))
    after = tally({DISTRICT_POOL: pool(1, waiting=1)}, [given])[DISTRICT_POOL]
    assert (after.assigned, after.waitlisted, after.carried_in) == (1, 0, 0)
