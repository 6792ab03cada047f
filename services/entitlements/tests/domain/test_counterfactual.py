"""The least change that would seat a person, act by act (seats: Why)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from usher_entitlements.domain.allocation import Want
from usher_entitlements.domain.counterfactual import Act, Step, least_change
from usher_entitlements.domain.grants import GrantRule, by_product
from usher_entitlements.domain.standing import Standing
from usher_entitlements.domain.terms import LicenseTerm

from .test_explanation import (
    ARCHIVED,
    ME,
    NOW,
    POOL,
    ROLELESS,
    START,
    TENANT,
    blocked,
    lifted,
    pool,
    seat,
    standing,
    term,
    waits,
)

LIFT = Step(Act.LIFT_BLOCK)
FULL_BEHIND_TWO = Step(Act.ADD_SEATS, pool_id=POOL, seats=3)


def test_who_is_not_known_is_created_with_the_role_that_calls_for_least_beside() -> None:
    unknown = standing(None, serving=pool(), line=waits(1, 2))
    assert least_change(unknown, NOW) == [Step(Act.CREATE_USER), Step(Act.GRANT_ROLE, role="learner")]
    assert unknown.called_by == []


def test_the_role_that_calls_for_least_beside_the_product() -> None:
    rules = by_product([GrantRule("aide", "learn"), GrantRule("aide", "observe"), GrantRule("zoologist", "learn")])
    without = replace(standing(ROLELESS, serving=pool(assigned=0)), rules=rules)
    assert least_change(without, NOW) == [Step(Act.GRANT_ROLE, role="zoologist")]


def test_where_no_rule_calls_for_the_product_no_change_of_the_person_helps() -> None:
    assert least_change(replace(standing(ROLELESS, serving=pool()), rules={}), NOW) == []


def test_who_is_given_a_role_now_comes_after_all_who_wait() -> None:
    without = standing(ROLELESS, serving=pool(), line=waits(1, 2))
    assert least_change(without, NOW) == [Step(Act.GRANT_ROLE, role="learner"), FULL_BEHIND_TWO]


def test_of_those_who_come_at_the_same_moment_the_id_decides() -> None:
    line = [Want(UUID(int=number), NOW) for number in (ME.int - 1, ME.int + 1)]
    without = standing(ROLELESS, serving=pool(), line=line)
    assert least_change(without, NOW)[-1].seats == 2


@pytest.mark.parametrize("state", ["withheld", "released"])
def test_what_blocks_the_seat_is_lifted_and_the_person_comes_after_all_who_wait(state: str) -> None:
    assert least_change(standing(serving=pool(assigned=0), own=blocked(state)), NOW) == [LIFT]
    full = standing(serving=pool(), own=blocked(state), line=waits(1, 2))
    assert least_change(full, NOW) == [LIFT, FULL_BEHIND_TWO]


def test_a_role_that_is_given_now_lifts_the_block_too() -> None:
    known = standing(ROLELESS, serving=pool(assigned=0), own=blocked("withheld"))
    assert least_change(known, NOW) == [Step(Act.GRANT_ROLE, role="learner")]


def test_an_archived_person_is_made_active_and_what_blocks_them_lifted() -> None:
    known = standing(ARCHIVED, serving=pool(assigned=0), own=blocked("withheld"))
    assert least_change(known, NOW) == [Step(Act.ACTIVATE_USER), LIFT]


@pytest.mark.parametrize(
    ("story", "known", "seats"),
    [
        ("since the role that they have", standing(serving=pool("expired"), line=waits(1, 9, 30)), 6),
        ("since the lifting", standing(serving=pool("expired"), own=lifted("released"), line=waits(1, 9, 30)), 8),
    ],
)
def test_who_is_not_decided_about_yet_stands_in_line_at_their_own_place(
    story: str, known: Standing, seats: int
) -> None:
    [step] = least_change(known, NOW)
    assert (step.act, step.seats) == (Act.RENEW_TERM, seats), story


def ends(number: int, day: int, state: str = "expired") -> LicenseTerm:
    starts = START + timedelta(days=day - 10)
    return replace(term(state), id=UUID(int=number), starts_at=starts, ends_at=starts + timedelta(days=10))


def test_the_last_of_the_pools_own_terms_is_renewed() -> None:
    above = replace(ends(40, 300), org_id=UUID(int=99))
    terms = [ends(21, 30), ends(20, 40), ends(22, 20), above]
    known = standing(terms=terms, serving=pool("expired", assigned=0), own=seat("waitlisted"))
    assert least_change(known, NOW) == [Step(Act.RENEW_TERM, term_id=UUID(int=20), pool_id=POOL, seats=1)]
    assert known.pool is not None
    assert known.pool.org_id == TENANT


@pytest.mark.parametrize(
    ("story", "terms", "step"),
    [
        ("nothing was ever bought", [], Step(Act.BUY_TERM)),
        (
            "the first of those to come is started",
            [ends(32, 120, "scheduled"), ends(31, 110, "scheduled"), ends(30, 130, "scheduled"), ends(9, 20)],
            Step(Act.START_TERM, term_id=UUID(int=31)),
        ),
        ("the last of those that ended is renewed", [ends(9, 20), ends(8, 30), ends(7, 10)],
         Step(Act.RENEW_TERM, term_id=UUID(int=8))),
    ],
)  # fmt: skip
def test_where_no_pool_serves(story: str, terms: Sequence[LicenseTerm], step: Step) -> None:
    assert least_change(standing(terms=terms), NOW) == [step], story
