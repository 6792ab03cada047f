"""Who gives up a seat of an over-allocated pool (seats: Capacity)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from usher_entitlements.domain.shrinking import first_to_go, take

from .test_seating_stories import day, pool, seat

HOLDERS = [seat(1, "assigned", on=3), seat(2, "assigned", on=1), seat(3, "assigned", on=2), seat(4, "assigned", on=3)]
LOGINS: dict[tuple[object, str], datetime | None] = {
    (HOLDERS[0].user_id, "learn"): day(9),
    (HOLDERS[1].user_id, "learn"): day(5),
    (HOLDERS[3].user_id, "learn"): day(9),
}


@pytest.mark.parametrize(
    ("policy", "seats", "going"),
    [
        ("last_assigned", 3, [4, 1, 3]),
        ("last_assigned", 1, [4]),
        ("least_recently_active", 1, [3]),
        ("least_recently_active", 3, [3, 2, 4]),
        ("last_assigned", 0, []),
    ],
)
def test_the_first_to_go(policy: str, seats: int, going: Sequence[int]) -> None:
    logins = {(holder.user_id, holder.product): LOGINS.get((holder.user_id, "learn")) for holder in HOLDERS}
    assert [one.user_id.int for one in first_to_go(policy, HOLDERS, logins, seats)] == going


def test_who_was_restored_has_been_assigned_since_before_the_suspension() -> None:
    restored = replace(seat(5, "assigned", on=0), since=day(50))
    assert [one.user_id.int for one in first_to_go("last_assigned", [*HOLDERS, restored], {}, 4)] == [4, 1, 3, 2]


def test_whose_seat_is_taken_waits_at_their_own_place() -> None:
    [taken] = take(pool(3, assigned=4), [replace(HOLDERS[0], wanted_since=day(1))], day(100))
    assert (taken.claim, taken.seat.reason, taken.seat.wanted_since) == ("waitlisted", "capacity_lowered", day(1))
    assert not taken.seat.first_in_line
