"""The machine's books judged: they say what seats says, and figures that are otherwise are found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from .books import Books, Person
from .licenses import Expected, License, Term

DAY = datetime(2026, 9, 1, tzinfo=UTC)


def at(day: float) -> datetime:
    return DAY + timedelta(days=day)


def term(id_: str = "t", starts: int = 0, ends: int = 10, grace: int = 0, org: str = "root") -> Term:
    return Term(id_, org, "learn", 2, at(starts), at(ends), grace)


def district(*terms: Term) -> Books:
    """Ada learns in a unit of a district with these terms."""
    books = Books("root", parents={"root": None, "unit": "root"}, terms={one.id: one for one in terms})
    books.people["ada"] = Person("ada", "unit", {"learner": 1})
    books.acts = 5
    return books


@pytest.mark.parametrize(("day", "holds"), [(-1, "none"), (1, "counts"), (12, "keeps"), (16, "over")])
def test_a_term_passes_through_its_states(day: int, holds: str) -> None:
    own = term(grace=5)
    given = License([own])
    found = ["counts"] * own.counts(at(day)) or ["keeps"] * given.keeps(own, at(day))
    assert (found or ["over"] * given.is_over(own, at(day)) or ["none"]) == [holds]


@pytest.mark.parametrize(("starts", "is_renewed"), [(9, False), (12, True), (16, False)])
def test_a_term_is_renewed_by_one_that_starts_in_its_grace(starts: int, is_renewed: bool) -> None:
    own = term(grace=5)
    assert License([own, term("next", starts, 40)]).is_renewed(own, at(20)) is is_renewed


def test_expiry_leaves_a_pool_and_an_end_closes_it() -> None:
    own = term()
    assert not License([own]).is_open(at(-1))
    assert License([own]).is_open(at(50))
    assert not License([replace(own, ended_at=at(3))]).is_open(at(3))
    assert License([replace(own, ended_at=at(3)), term("other")]).is_open(at(3))


def test_a_unit_draws_on_its_own_pool_and_else_on_the_one_above() -> None:
    books = district(term(), term("own", starts=3, org="unit"))
    assert books.serving("unit", "learn", at(1)) == "root"
    assert books.serving("unit", "learn", at(4)) == "unit"
    assert books.serving("unit", "observe", at(4)) is None


def test_who_was_withheld_wants_it_again_once_lifted_or_while_called_for_anew() -> None:
    books, now = district(term()), at(1)
    ada = books.people["ada"]
    assert books.wants(ada, "learn", now)
    books.withhold(ada, "learn")
    assert books.wants(ada, "learn", now) is False
    books.acts += 1
    books.set_roles(ada, ["learner", "org_admin"])
    assert books.wants(ada, "learn", now)
    books.set_roles(ada, ["learner"])
    assert books.wants(ada, "learn", now) is False
    books.lift(ada, "learn")
    assert books.wants(ada, "learn", now)


def test_a_rule_that_calls_later_lifts_nothing() -> None:
    books, now = district(term()), at(1)
    ada = books.people["ada"]
    books.set_roles(ada, ["learner", "reporter"])
    books.acts += 1
    books.withhold(ada, "learn")
    books.set_rules([("learner", "learn"), ("reporter", "learn")])
    assert books.wants(ada, "learn", now) is False


FULL = Expected(capacity=2, wanted=3, gives=2, keeps=2, counts=True, is_kept=True)


@pytest.mark.parametrize(
    ("expected", "figures", "is_right"),
    [
        (FULL, (2, 1, 0), True),
        (FULL, (1, 2, 0), False),
        (FULL, (2, 0, 0), False),
        (FULL, (2, 0, 1), False),
        (FULL, (2, 2, 0), False),
        (FULL, (3, 0, 0), False),
        (replace(FULL, keeps=3), (3, 0, 0), True),
        (replace(FULL, counts=False), (1, 2, 0), True),
        (replace(FULL, counts=False, is_kept=False), (0, 1, 2), True),
        (replace(FULL, counts=False, is_kept=False), (1, 0, 2), False),
    ],
)
def test_figures_are_as_the_license_and_the_demand_make_them(
    expected: Expected, figures: tuple[int, int, int], is_right: bool
) -> None:
    assert (not [*expected.amiss(*figures, over_allocated=False)]) is is_right


def test_who_holds_more_than_can_be_kept_is_over_allocated() -> None:
    assert not [*FULL.amiss(3, 0, 0, over_allocated=True)]
    assert [*FULL.amiss(2, 1, 0, over_allocated=True)]
