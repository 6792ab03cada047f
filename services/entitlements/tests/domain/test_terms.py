"""The life of a license term, and the notices before its end (seats: The life of a license term)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.notices import THRESHOLDS, days_left, due_notice, next_notice_at
from usher_entitlements.domain.terms import LicenseTerm, TermState, due_passages

START = datetime(2026, 9, 1, tzinfo=UTC)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def term(*, lasts: int = 365, grace: int = 14, ended_on: int | None = None, state: str = "scheduled") -> LicenseTerm:
    return LicenseTerm(
        tenant_id=UUID(int=1),
        id=UUID(int=2),
        org_id=UUID(int=1),
        product="learn",
        seats=10,
        starts_at=START,
        ends_at=START + days(lasts),
        grace_days=grace,
        ended_at=None if ended_on is None else START + days(ended_on),
        state=TermState(state),
    )


@pytest.mark.parametrize(
    ("story", "bought", "day", "state"),
    [
        ("before its start", term(), -0.001, "scheduled"),
        ("at its start", term(), 0, "active"),
        ("a moment before its last 90 days", term(), 274.999, "active"),
        ("90 days before its end", term(), 275, "expiring"),
        ("a moment before its end", term(), 364.999, "expiring"),
        ("at its end", term(), 365, "grace"),
        ("a moment before the end of grace", term(), 378.999, "grace"),
        ("at the end of grace", term(), 379, "expired"),
        ("at its end, without grace", term(grace=0), 365, "expired"),
        ("a short one starts in its last 90 days", term(lasts=30), 0, "expiring"),
        ("a short one before its start", term(lasts=30), -30, "scheduled"),
        ("an administrator's end", term(ended_on=100), 100, "ended"),
        ("before an administrator's end", term(ended_on=100), 99, "active"),
        ("ended goes before expired", term(ended_on=400), 500, "ended"),
    ],
)
def test_the_state_by_the_dates(story: str, bought: LicenseTerm, day: float, state: str) -> None:
    assert bought.state_at(START + days(day)) == state, story


@pytest.mark.parametrize(
    ("story", "bought", "passages"),
    [
        ("a long term", term(), [(0, "active"), (275, "expiring"), (365, "grace"), (379, "expired")]),
        ("without grace", term(grace=0), [(0, "active"), (275, "expiring"), (365, "expired")]),
        ("a short term", term(lasts=30), [(0, "expiring"), (30, "grace"), (44, "expired")]),
        ("from where it is", term(state="grace"), [(379, "expired")]),
    ],
)
def test_time_goes_through_each_passage(story: str, bought: LicenseTerm, passages: Sequence[tuple[int, str]]) -> None:
    moments = due_passages([bought], START + days(1_000))
    assert moments == [START + days(day) for day, _ in passages], story
    for version, (moment, (_, state)) in enumerate(zip(moments, passages, strict=True), start=2):
        assert bought.next_passage_at == moment
        bought = bought.passed(moment)
        assert (bought.state, bought.version) == (state, version)
    assert bought.next_passage_at is None


def test_passages_of_several_terms_come_in_order_and_once_a_moment() -> None:
    follower = replace(term(lasts=30), starts_at=START + days(44), ends_at=START + days(80))
    moments = due_passages([follower, term(lasts=30)], START + days(50))
    assert moments == [START, START + days(30), START + days(44)]


@given(st.integers(1, 500), st.integers(0, 60), st.lists(st.integers(-10, 700), min_size=2, max_size=6))
def test_the_state_after_any_steps_is_the_state_of_the_last_day(lasts: int, grace: int, steps: list[int]) -> None:
    stepped = term(lasts=lasts, grace=grace)
    for day in steps:
        stepped = stepped.passed(START + days(day))
    assert stepped.state == term(lasts=lasts, grace=grace).state_at(START + days(max(steps)))


@given(st.integers(1, 500), st.integers(0, 60), st.integers(-10, 700))
def test_no_passage_is_left_behind(lasts: int, grace: int, day: int) -> None:
    at = START + days(day)
    passed = term(lasts=lasts, grace=grace).passed(at)
    assert passed.next_passage_at is None or passed.next_passage_at > at


@pytest.mark.parametrize(
    ("story", "left", "told", "due"),
    [
        ("91 days before", 91, None, None),
        ("90 days before", 90, None, 90),
        ("it was told", 75, 90, None),
        ("a week without a worker: the latest of the overdue", 13, 90, 14),
        ("never told, the latest of the overdue", 29.5, None, 30),
        ("the last day", 0.5, 7, 1),
        ("at the end", 0, None, None),
    ],
)
def test_the_notice_that_is_due(story: str, left: float, told: int | None, due: int | None) -> None:
    bought = term()
    at = bought.ends_at - days(left)
    assert due_notice(bought.passed(at), at, told=told) == due, story


def test_a_term_that_counts_for_nothing_gives_no_notice() -> None:
    assert due_notice(term(), START, told=None) is None


def test_a_short_term_is_told_when_it_starts() -> None:
    bought = term(lasts=20).passed(START)
    assert due_notice(bought, START, told=None) == 30
    assert next_notice_at(bought, START) == bought.ends_at - days(14)


def test_notices_come_in_order() -> None:
    bought, at = term(), START
    told: list[int | None] = []
    while (moment := next_notice_at(bought, at)) is not None:
        at = moment
        told.append(due_notice(bought.passed(at), at, told=told[-1] if told else None))
    assert told == list(THRESHOLDS)


def test_days_left_are_whole_days() -> None:
    assert days_left(term(), START + days(364.5)) == 0
    assert days_left(term(), START + days(290)) == 75
    assert days_left(term(), START + days(999)) == 0
