"""Calendars: which breaks sessions leave over, and whose hold."""

from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain.academic_sessions import (
    SUMMER,
    AcademicSession,
    IncomingSessions,
    SessionsMode,
    find_breaks,
    merge_sessions,
)
from usher_identity.domain.calendars import Break, Calendar, CalendarInForce, entered, in_force, settled

TENANT, NORTH = UUID(int=1), UUID(int=2)


def session(name: str, first: str, last: str) -> AcademicSession:
    return AcademicSession(name, name, date.fromisoformat(first), date.fromisoformat(last))


YEAR = session("Year", "2026-08-15", "2027-06-10")
FALL = session("Fall", "2026-08-15", "2026-12-18")
SPRING = session("Spring", "2027-01-04", "2027-06-10")
NEXT_YEAR = session("Next", "2027-08-16", "2028-06-09")
WINTER, SUMMER_OF_2027 = ("2026-12-19", "2027-01-03"), ("2027-06-11", "2027-08-15")


def days(*sessions: AcademicSession) -> list[tuple[str, str]]:
    """The breaks, but for the summer after the last session."""
    breaks = find_breaks(sessions)
    assert breaks
    assert breaks[-1].last - breaks[-1].first == SUMMER - timedelta(days=1)
    return [(str(one.first), str(one.last)) for one in breaks[:-1]]


@pytest.mark.parametrize(
    ("story", "sessions", "breaks"),
    [
        ("a school year alone", [YEAR], []),
        ("between two terms of a year", [YEAR, FALL, SPRING], [WINTER]),
        ("terms without their year", [FALL, SPRING], [WINTER]),
        ("a term that is as long as its year", [YEAR, session("All", "2026-08-15", "2027-06-10")], []),
        ("between two years", [YEAR, NEXT_YEAR], [SUMMER_OF_2027]),
        ("of a year whose second term is not there yet, the rest is taught", [YEAR, FALL, NEXT_YEAR], [SUMMER_OF_2027]),
        ("one week inside a term parts nothing", [FALL, SPRING, session("X", "2026-10-05", "2026-10-09")], [WINTER]),
        (
            "the smallest sessions tell",
            [YEAR, FALL, SPRING, session("Q1", "2026-08-15", "2026-10-16"), session("Q2", "2026-10-26", "2026-12-18")],
            [("2026-10-17", "2026-10-25"), WINTER],
        ),
        ("a weekend is no break", [FALL, session("Late", "2026-12-21", "2027-01-22")], []),
        ("three days are one", [FALL, session("Late", "2026-12-22", "2027-01-22")], [("2026-12-19", "2026-12-21")]),
        ("other schools are still taught", [FALL, SPRING, session("South", "2026-09-01", "2027-01-08")], []),
    ],
)
def test_breaks_between_sessions(story: str, sessions: list[AcademicSession], breaks: list[tuple[str, str]]) -> None:
    assert days(*sessions) == breaks, story


def test_a_break_is_named_after_what_came_before() -> None:
    assert [one.name for one in find_breaks([YEAR, FALL, SPRING]) or ()] == ["After Fall", "After Spring"]


def test_without_sessions_there_is_no_calendar() -> None:
    assert find_breaks([]) is None


DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))
SESSIONS = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=2), DAYS, st.integers(0, 300)).map(
        lambda one: AcademicSession(one[0], one[0], one[1], one[1] + timedelta(days=one[2]))
    ),
    min_size=1,
    max_size=7,
)


@given(sessions=SESSIONS, order=st.randoms(use_true_random=False))
def test_breaks_depend_on_no_order_and_touch_no_session_that_holds_no_other(
    sessions: list[AcademicSession], order: Random
) -> None:
    breaks = find_breaks(sessions) or ()
    assert find_breaks(sorted(sessions, key=lambda _: order.random())) == breaks
    assert list(breaks) == sorted(breaks)
    smallest = [
        one
        for one in sessions
        if not any(one.first <= other.first and other.last <= one.last and other.days != one.days for other in sessions)
    ]
    assert not [one for one in breaks for other in smallest if one.first <= other.last and other.first <= one.last]


def test_a_full_set_forgets_no_session_that_is_over() -> None:
    known = {one.external_id: one for one in (YEAR, FALL, SPRING)}
    full = IncomingSessions(SessionsMode.ALL, [NEXT_YEAR], frozenset())
    assert merge_sessions(known, full, date(2027, 7, 1)).keys() == {"Year", "Fall", "Spring", "Next"}
    assert merge_sessions(known, full, date(2027, 1, 10)).keys() == {"Fall", "Next"}
    changes = IncomingSessions(SessionsMode.CHANGES, [NEXT_YEAR], frozenset({"Fall"}))
    assert merge_sessions(known, changes, date(2027, 1, 10)).keys() == {"Year", "Spring", "Next"}


BREAK = Break(date(2026, 12, 21), date(2027, 1, 3), "Winter")


def test_what_was_entered_holds_whatever_sources_say() -> None:
    own = entered(Calendar(TENANT, NORTH, sourced=(BREAK,)), [])
    assert own.breaks == ()
    assert entered(own, None).breaks == (BREAK,)


@pytest.mark.parametrize(
    ("story", "north", "district", "found"),
    [
        ("its own", (BREAK,), (), CalendarInForce((BREAK,), NORTH, is_entered=True)),
        ("an empty one is one", (), (BREAK,), CalendarInForce((), NORTH, is_entered=True)),
        ("that of the nearest above", None, (BREAK,), CalendarInForce((BREAK,), TENANT, is_entered=True)),
        ("none", None, None, CalendarInForce()),
    ],
)
def test_the_nearest_calendar_holds(
    story: str, north: tuple[Break, ...] | None, district: tuple[Break, ...] | None, found: CalendarInForce
) -> None:
    assert in_force([Calendar(TENANT, NORTH, north), Calendar(TENANT, TENANT, district)]) == found, story


def test_a_version_is_raised_where_facts_would_say_something_else() -> None:
    before = Calendar(TENANT, NORTH, None, (BREAK,), 4)
    assert settled(before, entered(before, [BREAK])).version == 4
    assert settled(before, entered(before, [])).version == 5
