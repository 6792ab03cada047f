"""A large pool settles in steps: nothing is given twice, and nobody is passed by (seats: Capacity)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.pools import Pool, tally
from usher_entitlements.domain.seats import Reason, Seat, SeatState
from usher_entitlements.domain.settling import opened, seats_to_settle, settle, suspend

from .test_seating_stories import DISTRICT_POOL, day, pool, seat

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def settle_by_steps(whole: Pool, seats: list[Seat], step: int) -> tuple[Pool, list[Seat], int]:
    """Take steps until the pool is settled; answers it with its seats, and in how many steps."""
    steps = 0
    while own := min(step, seats_to_settle(whole)):
        steps += 1
        assert steps < 1_000
        part = opened(whole, own)
        lost = sorted((s for s in seats if s.state is SeatState.SUSPENDED), key=lambda s: s.want.place)[:own]
        line = sorted((s for s in seats if s.state is SeatState.WAITLISTED), key=lambda s: s.want.place)[:own]
        is_whole = part.license == whole.license
        changes = settle(part, lost, line, Reason.CAPACITY_RAISED, NOW, is_whole=is_whole)
        assert changes, "a step that moves nothing would go on for ever"
        now = {change.seat.user_id: change.seat for change in changes}
        seats = [now.get(one.user_id, one) for one in seats]
        part = tally({DISTRICT_POOL: part}, changes)[DISTRICT_POOL]
        assert part.room_in_line.free is None or part.room_in_line.free == 0 or not (part.waitlisted + part.suspended)
        whole = replace(part, license=whole.license)
    return whole, seats, steps


@given(
    capacity=st.integers(0, 30),
    extra=st.sampled_from([0, 2, None]),
    suspended=st.integers(0, 20),
    waiting=st.integers(0, 20),
    step=st.integers(1, 9),
)
def test_steps_end_where_one_leap_does(
    capacity: int, extra: int | None, suspended: int, waiting: int, step: int
) -> None:
    seats = [
        replace(seat(n, "suspended"), assigned_since=day(n % 5), wanted_since=day(n)) for n in range(suspended)
    ] + [seat(100 + n, "waitlisted", on=n % 7) for n in range(waiting)]
    given_ = replace(pool(capacity).license, extra=extra, extra_with_grace=extra)
    start = replace(pool(capacity, waiting=waiting), suspended=suspended, license=given_)
    leap, by_leap, _ = settle_by_steps(start, seats, 1_000)
    walk, by_walk, steps = settle_by_steps(start, seats, step)
    assert [(s.user_id, s.state, s.first_in_line) for s in by_walk] == [
        (s.user_id, s.state, s.first_in_line) for s in by_leap
    ]
    assert walk == leap
    assert steps >= seats_to_settle(start) // (2 * step)


def test_a_part_is_opened_by_so_many_seats() -> None:
    part = opened(replace(pool(50, assigned=3, waiting=40)), 7)
    assert (part.room_in_line.free, part.license.capacity) == (7, 10)
    unlimited = replace(pool(5, assigned=5, waiting=40).license, extra=None)
    assert opened(replace(pool(5, assigned=5, waiting=40), license=unlimited), 7).room_in_line.free == 7


def test_a_pool_that_can_not_be_used_is_as_it_is() -> None:
    over = pool(50, assigned=3, waiting=40, state="grace")
    assert opened(over, 0) == over
    assert seats_to_settle(over) == 0
    assert seats_to_settle(pool(0, assigned=3, state="expired")) == 3


def test_newcomers_get_nothing_while_others_are_to_be_restored() -> None:
    half = replace(pool(5, assigned=1), suspended=2)
    assert (half.room.free, half.room_in_line.free) == (0, 4)
    assert timedelta(0) < NOW - day(0)


def shrunken(policy: str, *, state: str = "active", waiting: int = 0) -> Pool:
    """Five hold a seat, of three that there are."""
    own = pool(3, assigned=5, waiting=waiting, state=state)
    return replace(own, license=replace(own.license, shrink=policy))


@pytest.mark.parametrize(
    ("story", "one", "seats"),
    [
        ("all who hold a seat are suspended once nothing counts", pool(0, assigned=5, state="expired"), 5),
        ("nobody loses a seat where the policy keeps them", shrunken("keep"), 0),
        ("a policy takes what is too much", shrunken("last_assigned"), 2),
        ("so does the other", shrunken("least_recently_active"), 2),
        ("in grace, too, and nobody who waits is served", shrunken("last_assigned", state="grace", waiting=3), 2),
        ("everybody who waits is served where there is room", pool(9, assigned=5, waiting=3), 3),
        ("and else as many as there is room for", pool(7, assigned=5, waiting=3), 2),
        ("whoever was suspended moves, with room or without", replace(pool(1), suspended=4), 4),
        ("and so does who waits, as far as there is room", replace(pool(5, waiting=7), suspended=4), 9),
    ],
)
def test_how_many_seats_a_license_moves(story: str, one: Pool, seats: int) -> None:
    assert seats_to_settle(one) == seats, story


def test_the_last_step_opens_the_pool_wholly() -> None:
    last = pool(50, assigned=3, waiting=7)
    assert opened(last, 7) == last
    assert opened(last, 6) != last


def test_the_end_of_the_license_suspends_all_who_hold_a_seat() -> None:
    holders = [seat(1, "assigned", on=1), seat(2, "assigned", on=2)]
    suspended = suspend(pool(0, assigned=2, state="expired"), holders, NOW)
    assert [(made.claim, made.seat.reason) for made in suspended] == [("suspended", "license_expired")] * 2
    assert [(made.seat.since, made.seat.assigned_since) for made in suspended] == [(NOW, day(1)), (NOW, day(2))]
    assert suspend(pool(0, assigned=2, state="grace"), holders, NOW) == []


def test_a_replica_whose_clock_is_behind_suspends_by_the_time_of_the_pool() -> None:
    ahead = replace(pool(0, assigned=1, state="expired"), as_of=NOW + timedelta(hours=1))
    [made] = suspend(ahead, [seat(1, "assigned")], NOW)
    assert made.seat.since == NOW + timedelta(hours=1)


def test_a_renewal_restores_by_the_holding_then_who_lost_is_first_in_line() -> None:
    lost = [replace(seat(n, "suspended"), assigned_since=day(on)) for n, on in ((1, 9), (2, 4), (3, 6))]
    changes = settle(replace(pool(2), suspended=3), lost, [], Reason.CAPACITY_RAISED, NOW)
    found = [(made.seat.user_id.int, made.claim, made.seat.reason, made.seat.first_in_line) for made in changes]
    assert found == [
        (2, "restored", "license_renewed", False),
        (3, "restored", "license_renewed", False),
        (1, "waitlisted", "license_renewed", True),
    ]
    assert [made.seat.assigned_since for made in changes] == [day(4), day(6), None]


def test_who_is_promoted_by_more_seats_is_told_so_and_holds_since_now() -> None:
    line = [replace(seat(1, "waitlisted"), first_in_line=True), replace(seat(2, "waitlisted"), line_order=3)]
    changes = settle(pool(2, waiting=2), [], line, Reason.CAPACITY_RAISED, NOW)
    assert [(made.claim, made.seat.reason, made.seat.assigned_since) for made in changes] == [
        ("promoted", "capacity_raised", NOW),
        ("promoted", "capacity_raised", NOW),
    ]
    assert [made.seat.user_id.int for made in changes] == [2, 1], "an explicit order goes before the first in line"
    assert not any(made.seat.first_in_line or made.seat.line_order for made in changes), "nobody has a place any more"
