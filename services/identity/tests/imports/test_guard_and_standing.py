"""The guard on mass loss, and what a source's word makes of a status (seats: A guard on mass loss)."""

from uuid import UUID

import pytest

from usher_identity.domain.import_guard import Headcount, count_heads, find_too_many
from usher_identity.domain.import_standing import status_after
from usher_identity.domain.incoming import Standing

DISTRICT, NORTH, SOUTH = UUID(int=1), UUID(int=2), UUID(int=3)
PARENTS = {DISTRICT: None, NORTH: DISTRICT, SOUTH: DISTRICT}


@pytest.mark.parametrize(
    ("people", "leaving", "too_many"),
    [
        (50, 10, False),
        (50, 11, True),
        (10, 9, False),
        (10, 10, True),
        (49, 10, True),
        (1_000, 200, False),
        (0, 0, False),
    ],
)
def test_more_than_a_fifth_and_at_least_ten(people: int, leaving: int, too_many: bool) -> None:
    assert Headcount(people, leaving).is_too_many is too_many


def test_an_organization_counts_with_its_units() -> None:
    heads = count_heads(PARENTS, {DISTRICT: 10, NORTH: 60, SOUTH: 30}, {NORTH: 12, SOUTH: 8})
    assert heads == {DISTRICT: Headcount(100, 20), NORTH: Headcount(60, 12), SOUTH: Headcount(30, 8)}
    assert find_too_many(heads) == []


def test_a_school_that_loses_too_many_is_found_though_its_district_does_not() -> None:
    heads = count_heads(PARENTS, {DISTRICT: 10, NORTH: 160, SOUTH: 30}, {NORTH: 1, SOUTH: 12})
    assert [org for org, _ in find_too_many(heads)] == [SOUTH]


@pytest.mark.parametrize(
    ("status", "said", "says", "after"),
    [
        ("active", "active", Standing.ACTIVE, "active"),
        ("archived", "active", Standing.ACTIVE, "archived"),
        ("suspended", "active", Standing.ACTIVE, "suspended"),
        ("active", "suspended", Standing.SUSPENDED, "active"),
        ("active", "absent", Standing.ABSENT, "active"),
        ("active", "active", Standing.SUSPENDED, "suspended"),
        ("suspended", "suspended", Standing.ACTIVE, "active"),
        ("archived", "suspended", Standing.ACTIVE, "archived"),
        ("archived", "active", Standing.SUSPENDED, "archived"),
        ("archived", "absent", Standing.ACTIVE, "active"),
        ("archived", "absent", Standing.SUSPENDED, "suspended"),
        ("suspended", "absent", Standing.ACTIVE, "suspended"),
        ("archived", None, Standing.ACTIVE, "active"),
        ("invited", None, Standing.ACTIVE, "active"),
        ("invited", "active", Standing.SUSPENDED, "suspended"),
        ("suspended", None, Standing.ACTIVE, "suspended"),
        ("active", "active", Standing.ABSENT, "archived"),
        ("suspended", "suspended", Standing.ABSENT, "archived"),
        ("deleted", "active", Standing.ABSENT, "deleted"),
        ("deleted", "absent", Standing.ACTIVE, "deleted"),
    ],
)
def test_a_source_acts_on_a_status_only_when_it_says_something_new(
    status: str, said: str | None, says: Standing, after: str
) -> None:
    assert status_after(status, said, says) == after
