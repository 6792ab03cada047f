"""The life of a license term, and the notices before its end (seats: The life of a license term)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.notices import (
    ALL_PRODUCTS,
    THRESHOLDS,
    NoticeSetting,
    days_left,
    due_notice,
    next_notice_at,
    notice_days,
)
from usher_entitlements.domain.terms import LicenseTerm, TermState, due_passages, enter, with_successors

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
    assert due_notice(bought.passed(at), at, THRESHOLDS, told=told) == due, story


def test_a_term_that_counts_for_nothing_gives_no_notice() -> None:
    assert due_notice(term(), START, THRESHOLDS, told=None) is None


def test_a_short_term_is_told_when_it_starts() -> None:
    bought = term(lasts=20).passed(START)
    assert due_notice(bought, START, THRESHOLDS, told=None) == 30
    assert next_notice_at(bought, START, THRESHOLDS) == bought.ends_at - days(14)


def test_notices_come_in_order() -> None:
    bought, at = term(), START
    told: list[int | None] = []
    while (moment := next_notice_at(bought, at, THRESHOLDS)) is not None:
        at = moment
        told.append(due_notice(bought.passed(at), at, THRESHOLDS, told=told[-1] if told else None))
    assert told == list(THRESHOLDS)


def test_days_left_are_whole_days() -> None:
    assert days_left(term(), START + days(364.5)) == 0
    assert days_left(term(), START + days(290)) == 75
    assert days_left(term(), START + days(999)) == 0


def test_an_organization_is_told_on_the_days_that_the_nearest_above_it_has_set() -> None:
    root, school, team = (UUID(int=number) for number in (1, 2, 3))
    parents: dict[UUID, UUID | None] = {root: None, school: root, team: school}
    settings = {
        (root, ALL_PRODUCTS): NoticeSetting((30,), 1),
        (root, "learn"): NoticeSetting((60, 30), 1),
        (school, ALL_PRODUCTS): NoticeSetting((), 1),
    }
    for org, product, days_, by in (
        (root, "learn", (60, 30), (root, "learn")),
        (root, "observe", (30,), (root, ALL_PRODUCTS)),
        (school, "learn", (), (school, ALL_PRODUCTS)),
        (team, "observe", (), (school, ALL_PRODUCTS)),
    ):
        found = notice_days(org, product, parents, settings)
        assert (found.days, found.set_by) == (days_, by)
    assert notice_days(team, "learn", parents, {}).days == THRESHOLDS


@pytest.mark.parametrize(
    ("story", "starts", "on", "state"),
    [
        ("before its end nothing changes", 365, 364, "expiring"),
        ("renewed without a gap", 365, 365, "renewed"),
        ("renewed in its grace period", 370, 369, "grace"),
        ("and from then on", 370, 370, "renewed"),
        ("for ever", 370, 400, "renewed"),
        ("on the day that it expires", 379, 379, "renewed"),
        ("too late for a renewal", 380, 379, "expired"),
        ("one beside it is no successor", 100, 366, "grace"),
    ],
)
def test_a_successor_renews(story: str, starts: float, on: float, state: str) -> None:
    first = term(grace=14)
    second = replace(term(), id=UUID(int=77), starts_at=START + days(starts), ends_at=START + days(starts + 365))
    [first, _] = with_successors([first, second])
    moved = first
    for moment in due_passages([first], START + days(on)):
        moved = moved.passed(moment)
    assert moved.state == state, story


@pytest.mark.parametrize(
    ("story", "bought", "starts", "on", "state"),
    [
        ("entered when its successor counts already", term(), 370, 371, "renewed"),
        ("entered on the day of the renewal", term(), 365, 365, "renewed"),
        ("entered after its grace, in which it was renewed", term(), 370, 500, "renewed"),
        ("entered in its grace, before the renewal", term(), 370, 369, "grace"),
        ("entered after its grace, too early for a renewal", term(), 380, 500, "expired"),
        ("entered beside one that started before its end", term(), 100, 366, "grace"),
        ("ended by an administrator goes before renewed", term(ended_on=366), 370, 371, "ended"),
        ("an end moved to the start of the next", term(lasts=100, state="active"), 100, 100, "renewed"),
        ("an end moved back, so that the next is in its grace", term(lasts=90, state="expiring"), 100, 101, "renewed"),
        ("an end moved so far back that it expired before", term(lasts=80, state="expiring"), 100, 101, "expired"),
        ("a longer grace that reaches the next", term(lasts=90, grace=30, state="grace"), 115, 116, "renewed"),
        ("a shorter grace that does not", term(lasts=90, grace=5, state="grace"), 100, 101, "expired"),
        ("an end moved behind the start of the next", term(lasts=120, state="expiring"), 100, 119, "expiring"),
    ],
)  # fmt: skip
def test_one_that_is_entered_late_or_corrected_is_renewed_by_its_successor(
    story: str, bought: LicenseTerm, starts: float, on: float, state: str
) -> None:
    successor = replace(term(state="active"), id=UUID(int=77), starts_at=START + days(starts))
    successor = replace(successor, ends_at=START + days(starts + 365))
    *others, entered = enter(bought, [successor], START + days(on))
    assert (entered.state, others) == (state, [successor]), story


def test_what_has_been_renewed_passes_on_to_nothing_else() -> None:
    successor = replace(term(), id=UUID(int=77), starts_at=START + days(370), ends_at=START + days(735))
    [_, entered] = enter(term(), [successor], START + days(371))
    assert due_passages([entered], START + days(999)) == []
    assert entered.over_at == entered.ends_at


def test_a_successor_that_is_entered_late_renews_what_is_in_grace_and_not_what_is_over() -> None:
    successor = replace(term(), id=UUID(int=77), starts_at=START + days(370), ends_at=START + days(735))
    for state, after in (("grace", "renewed"), ("expired", "expired"), ("ended", "ended")):
        [first, entered] = enter(
            successor, [term(state=state, ended_on=366 if state == "ended" else None)], START + days(378)
        )
        assert entered.state == "active"
        assert first.passed(START + days(378)).state == after


def test_what_time_does_not_move_stays_at_its_version() -> None:
    bought = term().passed(START)
    assert bought.passed(START + days(1)) == bought


def test_one_that_was_ended_at_its_start_had_begun_and_renews() -> None:
    second = replace(term(ended_on=365), id=UUID(int=77), starts_at=START + days(365))
    assert with_successors([term(grace=14), second])[0].renewed_at == second.starts_at
    assert replace(second, state=TermState.ENDED).has_begun


def test_one_that_was_ended_before_its_start_renews_nothing() -> None:
    second = replace(term(), id=UUID(int=77), starts_at=START + days(365), ended_at=START + days(100))
    assert with_successors([term(grace=14), second])[0].renewed_at is None
    assert not replace(second, state=TermState.ENDED).has_begun


def test_another_products_term_renews_nothing() -> None:
    second = replace(term(), id=UUID(int=77), product="other", starts_at=START + days(365), ends_at=START + days(700))
    assert with_successors([term(grace=14), second])[0].renewed_at is None
