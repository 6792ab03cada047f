"""Roles: the union over sources, an administrator's removal, and since when (seats: Words)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain.roles import MANUAL, Role, Roles

START = datetime(2026, 9, 1, tzinfo=UTC)
ROSTER, HR = "roster", "hr"


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def since(roles: Roles) -> dict[str, int]:
    """Each role held, and the day since which it is."""
    return {held.role: (held.since - START).days for held in roles.held}


@pytest.mark.parametrize(
    ("story", "acts", "held"),
    [
        ("a source gives a role", [(ROSTER, ["learner"])], {"learner": 0}),
        (
            "a role has the union of its sources",
            [(ROSTER, ["learner"]), (HR, ["observer"])],
            {"learner": 0, "observer": 1},
        ),
        ("a source sets only its own", [(ROSTER, ["learner"]), (HR, ["observer"]), (HR, [])], {"learner": 0}),
        (
            "given again, it is held since then",
            [(ROSTER, ["learner"]), (ROSTER, []), (ROSTER, ["learner"])],
            {"learner": 2},
        ),
        (
            "taken over by another source, it is held without a break",
            [(ROSTER, ["learner"]), (HR, ["learner"]), (ROSTER, [])],
            {"learner": 0},
        ),
        ("an administrator grants by hand", [(MANUAL, ["learner"])], {"learner": 0}),
        ("and takes it back", [(MANUAL, ["learner"]), (MANUAL, [])], {}),
        ("an administrator takes what a source gives", [(ROSTER, ["learner"]), (MANUAL, [])], {}),
        (
            "that removal stands, though the source says it again",
            [(ROSTER, ["learner"]), (MANUAL, []), (ROSTER, ["learner"])],
            {},
        ),
        (
            "even when the source paused",
            [(ROSTER, ["learner"]), (MANUAL, []), (ROSTER, []), (ROSTER, ["learner"])],
            {},
        ),
        ("until it is lifted", [(ROSTER, ["learner"]), (MANUAL, []), (MANUAL, ["learner"])], {"learner": 2}),
        (
            "what was lifted is the source's again, to take",
            [(ROSTER, ["learner"]), (MANUAL, []), (MANUAL, ["learner"]), (ROSTER, [])],
            {},
        ),
        (
            "what is held stays the source's, though an administrator wants it too",
            [(ROSTER, ["learner"]), (MANUAL, ["learner"]), (ROSTER, [])],
            {},
        ),
    ],
)
def test_stories(story: str, acts: list[tuple[str, list[str]]], held: dict[str, int]) -> None:
    roles = Roles()
    for number, (by, names) in enumerate(acts):
        act = roles.desired(names, "user:1", day(number)) if by == MANUAL else roles.from_source(by, names, day(number))
        roles = act
    assert since(roles) == held, story


names = st.frozensets(st.sampled_from(list(Role)), max_size=3)
acts = st.lists(st.tuples(st.sampled_from([ROSTER, HR, MANUAL]), names), max_size=8)


def played(line: list[tuple[str, frozenset[Role]]]) -> Roles:
    roles = Roles()
    for number, (by, wanted) in enumerate(line):
        step: Callable[..., Roles] = roles.from_source
        roles = roles.desired(wanted, "user:1", day(number)) if by == MANUAL else step(by, wanted, day(number))
    return roles


@given(acts, names)
def test_an_administrator_always_gets_exactly_what_they_want(
    line: list[tuple[str, frozenset[Role]]], wanted: frozenset[Role]
) -> None:
    assert played(line).desired(wanted, "user:1", day(99)).names == wanted


@given(acts, names)
def test_saying_the_same_again_changes_nothing(
    line: list[tuple[str, frozenset[Role]]], wanted: frozenset[Role]
) -> None:
    once = played(line).from_source(HR, wanted, day(50))
    assert once.from_source(HR, wanted, day(60)) == once
    twice = once.desired(wanted, "user:1", day(70))
    assert twice.desired(wanted, "user:2", day(80)) == twice


@given(acts)
def test_what_is_held_is_given_by_somebody_and_removed_by_nobody(line: list[tuple[str, frozenset[Role]]]) -> None:
    roles = played(line)
    given_roles = {grant.role for grant in roles.grants}
    assert roles.names == given_roles - {removal.role for removal in roles.removals}


@given(acts, names)
def test_a_source_touches_only_its_own(line: list[tuple[str, frozenset[Role]]], wanted: frozenset[Role]) -> None:
    before = played(line)
    after = before.from_source(HR, wanted, day(50))
    assert [one for one in after.grants if one.source != HR] == [one for one in before.grants if one.source != HR]
    assert after.removals == before.removals
