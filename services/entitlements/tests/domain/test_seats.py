"""A seat's place in line, and what each version keeps of the one before (seats: Seat states)."""

from dataclasses import replace

import pytest

from usher_entitlements.domain.seats import Reason, SeatState, change

from .test_seating_stories import NOW, day, seat

WAITS = replace(seat(1, "waitlisted"), priority=2, first_in_line=True, line_order=3, wanted_since=day(5))


def test_who_waits_stands_where_an_administrator_put_them() -> None:
    want = WAITS.want
    assert (want.order, want.first_in_line, want.priority, want.since, want.restored) == (3, True, 2, day(5), False)


def test_who_is_suspended_ranks_by_the_unbroken_holding() -> None:
    want = replace(WAITS, state=SeatState.SUSPENDED, assigned_since=day(2)).want
    assert (want.since, want.restored) == (day(2), True)


@pytest.mark.parametrize("state", ["assigned", "released", "withheld"])
def test_a_place_ends_with_the_wait(state: str) -> None:
    after = change(WAITS, SeatState(state), Reason.MANUAL, NOW).seat
    assert (after.first_in_line, after.line_order) == (False, None)


@pytest.mark.parametrize(("state", "since"), [("assigned", day(2)), ("waitlisted", None), ("released", None)])
def test_a_holding_lasts_through_a_suspension_and_ends_with_the_seat(state: str, since: object) -> None:
    held = change(replace(seat(1, "assigned", on=2), version=4), SeatState.SUSPENDED, Reason.LICENSE_EXPIRED, day(9))
    assert (held.seat.assigned_since, held.from_version, held.seat.version) == (day(2), 4, 5)
    after = change(held.seat, SeatState(state), Reason.LICENSE_RENEWED, NOW)
    assert (after.seat.assigned_since, after.seat.first_in_line) == (since, state == "waitlisted")


def test_who_comes_back_after_a_release_holds_it_anew() -> None:
    released = change(seat(1, "assigned", on=2), SeatState.RELEASED, Reason.ROLE_REVOKED, day(9)).seat
    assert change(released, SeatState.ASSIGNED, Reason.ROLE_GRANTED, NOW).seat.assigned_since == NOW
