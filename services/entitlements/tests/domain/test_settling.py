"""A large pool settles in steps: nothing is given twice, and nobody is passed by (seats: Capacity)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.pools import Pool, tally
from usher_entitlements.domain.seats import Reason, Seat, SeatState
from usher_entitlements.domain.settling import opened, seats_to_settle, settle

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
