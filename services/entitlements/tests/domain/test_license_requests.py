"""License requests: who may do what in which state, and that what is over stays as it is (guide: Request licenses)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.license_requests import (
    Answer,
    Hands,
    LicenseRequest,
    Refusal,
    RequestAct,
    RequestFigures,
    RequestState,
    refuse,
    refuse_answer,
)

from .test_seating_stories import pool

ASKED = datetime(2026, 9, 1, tzinfo=UTC)
ORG, TERM = UUID(int=2), UUID(int=7)
REQUEST = LicenseRequest(
    UUID(int=1), UUID(int=9), ORG, UUID(int=5), "learn", 40, "new classes", RequestFigures(500, 500), "user:1", ASKED
)
STRANGER, ADMINISTRATOR, SYSTEM, BOTH = (
    Hands(administers=administers, is_system=is_system) for is_system in (False, True) for administers in (False, True)
)


def test_a_request_keeps_the_figures_of_its_pool() -> None:
    full = replace(pool(5, assigned=7, waiting=4), suspended=2)
    assert RequestFigures.of(full, 3) == RequestFigures(
        capacity=5,
        assigned=7,
        available=-2,
        waitlisted=4,
        waitlisted_here=3,
        suspended=2,
        over_allocated=True,
        license_state="active",
        ends_at=full.license.ends_at,
    )


ACTS = st.sampled_from(RequestAct)
STATES = st.sampled_from(RequestState)
HANDS = st.builds(Hands, st.booleans(), st.booleans())


@pytest.mark.parametrize(
    ("story", "act", "state", "hands", "refused"),
    [
        ("who asked asks for more", RequestAct.CHANGE, RequestState.OPEN, ADMINISTRATOR, None),
        ("who asked takes it back", RequestAct.WITHDRAW, RequestState.OPEN, ADMINISTRATOR, None),
        ("who asked grants it", RequestAct.ANSWER, RequestState.OPEN, ADMINISTRATOR, Refusal.OPERATORS_ANSWER),
        ("a system administrator answers", RequestAct.ANSWER, RequestState.OPEN, SYSTEM, None),
        ("a system administrator does all", RequestAct.WITHDRAW, RequestState.OPEN, SYSTEM, None),
        ("somebody else's", RequestAct.CHANGE, RequestState.OPEN, STRANGER, Refusal.NOT_THEIRS),
        ("answered twice", RequestAct.ANSWER, RequestState.GRANTED, SYSTEM, Refusal.OVER),
        ("withdrawn after the answer", RequestAct.WITHDRAW, RequestState.DECLINED, ADMINISTRATOR, Refusal.OVER),
        ("changed after it was withdrawn", RequestAct.CHANGE, RequestState.WITHDRAWN, BOTH, Refusal.OVER),
    ],
)  # fmt: skip
def test_who_may_do_what(
    story: str, act: RequestAct, state: RequestState, hands: Hands, refused: Refusal | None
) -> None:
    assert refuse(act, state, hands) is refused, story


@given(ACTS, STATES, HANDS)
def test_only_an_open_request_is_touched_and_only_by_those_in_whose_hands_it_is(
    act: RequestAct, state: RequestState, hands: Hands
) -> None:
    if refuse(act, state, hands) is None:
        assert state is RequestState.OPEN
        assert hands.is_system or (hands.administers and act is not RequestAct.ANSWER)


@given(ACTS, STATES, STATES)
def test_a_stranger_can_not_tell_how_a_request_stands(act: RequestAct, one: RequestState, other: RequestState) -> None:
    assert refuse(act, one, STRANGER) is refuse(act, other, STRANGER) is Refusal.NOT_THEIRS


@pytest.mark.parametrize(
    ("story", "answer", "refused"),
    [
        ("granted without a word", Answer(RequestState.GRANTED), None),
        ("granted by a term", Answer(RequestState.GRANTED, "as asked", TERM), None),
        ("declined with a reason", Answer(RequestState.DECLINED, "no budget"), None),
        ("declined without one", Answer(RequestState.DECLINED), Refusal.NO_REASON),
        ("declined by a term", Answer(RequestState.DECLINED, "no", TERM), Refusal.TERM_WITHOUT_GRANT),
    ],
)
def test_what_an_answer_needs(story: str, answer: Answer, refused: Refusal | None) -> None:
    assert refuse_answer(answer) is refused, story


@given(st.none() | st.integers(1, 99), st.none() | st.sampled_from(["new classes", "twelve classes"]))
def test_what_is_asked_for_again_is_a_new_version_only_where_it_differs(seats: int | None, note: str | None) -> None:
    now = RequestFigures(500, 480)
    asked = REQUEST.asking(seats, note, now, "user:2", ASKED + timedelta(days=1))
    differs = seats not in (None, REQUEST.seats) or note not in (None, REQUEST.note)
    assert (asked is not REQUEST) == differs
    if differs:
        assert (asked.figures, asked.asked_by, asked.version) == (now, "user:2", REQUEST.version + 1)
        assert asked == replace(
            REQUEST, seats=seats or 40, note=note or "new classes", figures=now, asked_by="user:2",
            asked_at=ASKED + timedelta(days=1), version=2,
        )  # fmt: skip


def test_an_answer_keeps_what_was_asked() -> None:
    at = ASKED + timedelta(days=2)
    granted = REQUEST.answered(Answer(RequestState.GRANTED, "as asked", TERM), "user:3", at)
    assert granted == replace(
        REQUEST, state=RequestState.GRANTED, answered_by="user:3", answered_at=at, answer_note="as asked",
        license_term_id=TERM, version=2,
    )  # fmt: skip
    back = REQUEST.withdrawn("user:2", at)
    assert (back.state, back.answered_by, back.answered_at) == (RequestState.WITHDRAWN, "user:2", at)
