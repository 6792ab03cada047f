"""The guard on mass loss: which organizations would lose too much at once (seats: A guard on mass loss)."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain.guard import LEAST, OFF, SHARE, Excess, Headcount, Share, find_excess, share_of

DISTRICT, NORTH, SOUTH, ANNEX = (UUID(int=number) for number in range(1, 5))
PARENTS: Mapping[UUID, UUID | None] = {DISTRICT: None, NORTH: DISTRICT, SOUTH: DISTRICT, ANNEX: SOUTH}
COUNTS = st.dictionaries(st.sampled_from(list(PARENTS)), st.integers(0, 200))


@pytest.mark.parametrize(
    ("people", "losing", "too_many"),
    [
        (50, 10, False),
        (50, 11, True),
        (10, 9, False),
        (10, 10, True),
        (49, 10, True),
        (1_000, 200, False),
        (1_000, 201, True),
        (0, 0, False),
    ],
)
def test_more_than_a_fifth_and_at_least_ten(people: int, losing: int, too_many: bool) -> None:
    assert Headcount(people, losing).is_too_many(SHARE) is too_many


@pytest.mark.parametrize(
    ("percent", "losing", "is_empty", "too_many"),
    [
        (100, 40, False, False),
        (100, 40, True, False),
        (99, 40, False, True),
        (0, 9, False, False),
        (0, 10, False, True),
        (50, 20, False, False),
        (20, 1, True, True),
        (20, 0, True, False),
    ],
)
def test_a_share_of_its_own_and_a_set_that_lists_nobody(
    percent: int, losing: int, is_empty: bool, too_many: bool
) -> None:
    assert Headcount(40, losing).is_too_many(percent, is_empty=is_empty) is too_many


def excess(losing: Mapping[UUID, int], shares: Mapping[UUID, int] | None = None) -> list[Excess]:
    return find_excess(PARENTS, {DISTRICT: 10, NORTH: 60, SOUTH: 20, ANNEX: 10}, losing, shares or {})


def test_an_organization_counts_with_its_units() -> None:
    assert excess({NORTH: 10, SOUTH: 2}) == []
    assert excess({SOUTH: 5, ANNEX: 5}) == [Excess(SOUTH, Headcount(30, 10), SHARE, frozenset({SOUTH, ANNEX}))]


def test_the_topmost_of_those_that_lose_too_much_holds_it_all() -> None:
    assert excess({NORTH: 40, SOUTH: 2}) == [Excess(DISTRICT, Headcount(100, 42), SHARE, frozenset({NORTH, SOUTH}))]


def test_two_schools_are_held_each_by_itself_where_their_district_loses_little() -> None:
    found = excess({NORTH: 13, SOUTH: 12}, {DISTRICT: 50, NORTH: 20, SOUTH: 20})
    assert [one.org_id for one in found] == [NORTH, SOUTH]


def test_the_nearest_share_holds() -> None:
    shares = {DISTRICT: 30, SOUTH: OFF}
    assert share_of(ANNEX, PARENTS, shares) == Share(OFF, SOUTH)
    assert share_of(NORTH, PARENTS, shares) == Share(30, DISTRICT)
    assert share_of(NORTH, PARENTS, {}) == Share(SHARE, None)
    assert excess({SOUTH: 20, ANNEX: 10}, shares) == []
    assert [one.org_id for one in excess({SOUTH: 20, ANNEX: 11}, shares)] == [DISTRICT]


@given(COUNTS, COUNTS, st.dictionaries(st.sampled_from(list(PARENTS)), st.integers(0, 100)))
def test_what_is_not_held_is_too_much_of_no_organization_that_has_no_part_held(
    people: dict[UUID, int], losing: dict[UUID, int], shares: dict[UUID, int]
) -> None:
    found = find_excess(PARENTS, people, losing, shares)
    held = [unit for one in found for unit in one.units]
    assert len(held) == len(set(held)), "each unit is held once"
    left = {org: count for org, count in losing.items() if org not in held}
    for one in find_excess(PARENTS, people, left, shares):
        assert not one.units.intersection(held)
        pytest.fail(f"{one} is let through")
    for one in found:
        assert one.heads.losing >= LEAST
        assert one.percent < OFF
