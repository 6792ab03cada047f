"""Allocation: who gets the free seats of a pool, and who waits (seats: Capacity)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.allocation import Room, Want, allocate, seats_short

DAY = datetime(2026, 9, 1, tzinfo=UTC)


def want(
    person: int,
    *,
    day: int = 0,
    priority: int = 0,
    first: bool = False,
    restored: bool = False,
    order: int | None = None,
) -> Want:
    return Want(UUID(int=person), DAY + timedelta(days=day), priority, first, restored, order)


@pytest.mark.parametrize(
    ("story", "room", "line", "seated"),
    [
        ("first come, first served", Room(1), [want(1, day=2), want(2, day=1)], [2]),
        ("a lower class goes first", Room(1), [want(1, priority=1), want(2, day=9)], [2]),
        ("ties go by id", Room(1), [want(2), want(1)], [1]),
        ("first in line goes before every class", Room(1), [want(1, priority=-5), want(2, day=9, first=True)], [2]),
        ("holders of old go before the first in line", Room(1), [want(1, first=True), want(2, restored=True)], [2]),
        ("of the first in line, a lower class", Room(1), [want(1, priority=1, first=True), want(2, first=True)], [2]),
        (
            "holders of old in the order of holding",
            Room(1),
            [want(1, day=2, restored=True), want(2, restored=True)],
            [2],
        ),
        ("an explicit order goes before the first in line", Room(1), [want(1, first=True), want(2, order=9)], [2]),
        ("as it was given", Room(2), [want(1, order=2), want(2, day=3, order=1), want(3, first=True)], [2, 1]),
        ("holders of old go before it", Room(1), [want(1, order=1), want(2, day=9, restored=True)], [2]),
        ("no limit seats all", Room(None), [want(1), want(2)], [1, 2]),
        ("grace seats nobody new", Room.of(9, 0, open_to_new=False), [want(1)], []),
        ("grace seats nobody new, whatever the overage", Room.of(9, 0, extra=None, open_to_new=False), [want(1)], []),
        ("overage gives seats beyond the capacity", Room.of(1, 1, extra=1), [want(1), want(2)], [1]),
        ("a shrunken pool seats nobody", Room.of(capacity=5, assigned=8), [want(1)], []),
        ("a pool shrunken below its overage seats nobody", Room.of(5, assigned=8, extra=2), [want(1)], []),
    ],
)
def test_allocate(story: str, room: Room, line: list[Want], seated: list[int]) -> None:
    assert [w.user_id.int for w in allocate(room, line).seated] == seated, story


wants = st.builds(
    want,
    st.integers(0, 1_000),
    day=st.integers(0, 4),
    priority=st.integers(0, 2),
    first=st.booleans(),
    restored=st.booleans(),
    order=st.one_of(st.none(), st.integers(1, 3)),
)
lines = st.lists(wants, max_size=12, unique_by=lambda w: w.user_id)
rooms = st.one_of(st.none(), st.integers(0, 14)).map(Room)


@given(st.data(), lines, rooms)
def test_the_order_of_delivery_does_not_matter(data: st.DataObject, line: list[Want], room: Room) -> None:
    assert allocate(room, data.draw(st.permutations(line))) == allocate(room, line)


@given(lines, rooms)
def test_nobody_is_dropped_and_nobody_goes_ahead_of_an_earlier_place(line: list[Want], room: Room) -> None:
    allocation = allocate(room, line)
    assert sorted([*allocation.seated, *allocation.waiting], key=lambda w: w.place) == [
        *allocation.seated,
        *allocation.waiting,
    ]
    assert len(allocation.seated) == room.at_most(len(line))
    assert {w.user_id for w in line} == {w.user_id for w in [*allocation.seated, *allocation.waiting]}


@given(lines.filter(bool), st.integers(0, 9), st.integers(0, 9), st.data())
def test_seats_short_is_the_least_that_seats_the_person(
    line: list[Want], capacity: int, assigned: int, data: st.DataObject
) -> None:
    person = data.draw(st.sampled_from(line)).user_id

    def room_with(more: int) -> Room:
        return Room.of(capacity + more, assigned)

    short = seats_short(room_with, line, person)

    def is_seated(more: int) -> bool:
        return person in {w.user_id for w in allocate(room_with(more), line).seated}

    assert is_seated(short)
    assert short == 0 or not is_seated(short - 1)
