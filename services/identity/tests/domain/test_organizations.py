"""Organizations: a tree that keeps its root and has no cycle (seats: Words)."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain.organizations import Organization, is_below, moved
from usher_identity.domain.refusals import Refusal

TENANT = UUID(int=1)
START = datetime(2026, 9, 1, tzinfo=UTC)
# 1 is the root; 2 and 3 below it; 4 below 2; 5 below 4.
PARENTS: dict[UUID, UUID | None] = {
    UUID(int=n): UUID(int=p) if p else None for n, p in {1: 0, 2: 1, 3: 1, 4: 2, 5: 4}.items()
}


def unit(number: int) -> Organization:
    id_ = UUID(int=number)
    return Organization(TENANT, id_, PARENTS[id_], f"Unit {number}", "school")


@pytest.mark.parametrize(
    ("story", "who", "under", "allowed"),
    [
        ("to a sibling", 2, 3, True),
        ("up to the root", 5, 1, True),
        ("where it is already", 4, 2, True),
        ("below itself", 2, 5, False),
        ("under itself", 2, 2, False),
        ("a root stays at the root", 1, 3, False),
        ("under another tenant's unit", 4, 99, False),
    ],
)
def test_moves(story: str, who: int, under: int, *, allowed: bool) -> None:
    if allowed:
        assert moved(unit(who), UUID(int=under), PARENTS).parent_id == UUID(int=under), story
    else:
        with pytest.raises(Refusal):
            moved(unit(who), UUID(int=under), PARENTS)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=20))
def test_no_series_of_moves_makes_a_cycle(moves: list[tuple[int, int]]) -> None:
    parents = dict(PARENTS)
    for who, under in moves:
        one = Organization(TENANT, UUID(int=who), parents[UUID(int=who)], "Unit", "school")
        try:
            parents[one.id] = moved(one, UUID(int=under), parents).parent_id
        except Refusal:
            continue
    assert all(is_below(id_, TENANT, parents) for id_ in parents)
