"""Headcounts: who counts as what, and that keeping them by differences is as good as counting anew."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_reporting.domain.headcount import Headcount, Place, difference, headcounts
from usher_reporting.domain.people import (
    Activity,
    Holding,
    People,
    Person,
    PersonKey,
    Seat,
    SeatKey,
    changed_seats,
    moved,
    told,
)

TENANT, NORTH, SOUTH = (UUID(int=number) for number in (1, 2, 3))
DAY = datetime(2026, 9, 1, tzinfo=UTC)
ONE = (TENANT, UUID(int=100))


def seat(state: str, activity: str = "unknown", org: UUID = NORTH) -> Seat:
    return Seat(Holding(1, org, None, state), Activity(1, activity))


@pytest.mark.parametrize(
    ("story", "person", "counts"),
    [
        ("a seat in use", Person(NORTH, {"learn": seat("assigned", "active")}), {"learn": Headcount(1, active=1)}),
        ("warned is active", Person(NORTH, {"learn": seat("assigned", "warned")}), {"learn": Headcount(1, active=1)}),
        ("nobody told of its use", Person(NORTH, {"learn": seat("assigned")}), {"learn": Headcount(1, unknown=1)}),
        (
            "the use of a seat that is not held counts for nothing",
            Person(NORTH, {"learn": seat("waitlisted", "active")}),
            {"learn": Headcount(waitlisted=1)},
        ),
        ("released seats are not counted", Person(NORTH, {"learn": seat("released", "inactive")}), {}),
        ("withheld ones neither", Person(NORTH, {"learn": seat("withheld")}), {}),
        (
            "both are combined, as used as the less used",
            Person(NORTH, {"learn": seat("assigned", "active"), "observe": seat("assigned", "never_used")}),
            {
                "learn": Headcount(1, active=1),
                "observe": Headcount(1, never_used=1),
                "combined": Headcount(1, never_used=1),
            },
        ),
        (
            "who waits for one waits for both",
            Person(NORTH, {"learn": seat("assigned", "active"), "observe": seat("waitlisted")}),
            {
                "learn": Headcount(1, active=1),
                "observe": Headcount(waitlisted=1),
                "combined": Headcount(waitlisted=1),
            },
        ),
        (
            "another product is no part of combined",
            Person(NORTH, {"learn": seat("suspended"), "coach": seat("suspended")}),
            {"learn": Headcount(suspended=1), "coach": Headcount(suspended=1)},
        ),
    ],
)
def test_what_a_person_counts_as(story: str, person: Person, counts: dict[str, Headcount]) -> None:
    found = {product: count for (_, _, product), count in difference({}, {ONE: person}).items()}
    assert found == counts, story


def test_people_count_where_they_are_now_though_their_seat_knows_an_earlier_place() -> None:
    before: People = {ONE: Person(None, {"learn": seat("assigned", org=NORTH)})}
    after = moved(before, {ONE: SOUTH})
    assert difference(before, after) == {
        (TENANT, NORTH, "learn"): Headcount(assigned=-1, unknown=-1),
        (TENANT, SOUTH, "learn"): Headcount(assigned=1, unknown=1),
    }


def test_only_what_changed_is_written() -> None:
    people: People = {ONE: Person(NORTH, {"learn": seat("assigned")})}
    old = Seat(holding=Holding(1, SOUTH, None, "released"))
    assert changed_seats(people, told(people, [((*ONE, "learn"), old)])) == {}


KEYS = [(TENANT, UUID(int=100 + number)) for number in range(3)]
ORGS = st.sampled_from([NORTH, SOUTH])
STATES = st.sampled_from(["assigned", "waitlisted", "suspended", "released", "withheld"])
ACTIVITIES = st.sampled_from(["active", "warned", "inactive", "never_used", "unknown"])
VERSIONS = st.integers(1, 4)


@st.composite
def news(draw: st.DrawFn) -> tuple[SeatKey, Seat]:
    """News of a seat by one of its two owners; of one version there is one content."""
    key = (*draw(st.sampled_from(KEYS)), draw(st.sampled_from(["learn", "observe", "coach"])))
    version = draw(VERSIONS)
    if draw(st.booleans()):
        state = draw(st.shared(STATES, key=f"{key} {version} state"))
        org = draw(st.shared(ORGS, key=f"{key} {version} org"))
        return key, Seat(holding=Holding(version, org, None, state, DAY))
    return key, Seat(activity=Activity(version, draw(st.shared(ACTIVITIES, key=f"{key} {version} activity")), DAY))


Told = tuple[SeatKey, Seat] | dict[PersonKey, UUID]
HISTORY = st.lists(news() | st.dictionaries(st.sampled_from(KEYS), ORGS, min_size=1, max_size=1), max_size=40)


def applied(people: People, one: Told) -> People:
    return moved({key: Person() for key in one} | dict(people), one) if isinstance(one, dict) else told(people, [one])


@given(HISTORY)
def test_differences_add_up_to_a_count_of_what_there_is(history: list[Told]) -> None:
    people: People = {}
    kept: Counter[tuple[Place, str]] = Counter()
    for one in history:
        after = applied(people, one)
        for place, by in difference(people, after).items():
            kept.update({(place, figure): number for figure, number in by._asdict().items()})
        people = after
    assert +kept == headcounts(people)
    assert not -kept


@given(st.lists(news(), max_size=30).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told + told[:5]))))
def test_news_in_any_order_and_number_have_one_effect(
    histories: tuple[list[tuple[SeatKey, Seat]], list[tuple[SeatKey, Seat]]],
) -> None:
    in_order, shuffled = histories
    assert told({}, in_order) == told({}, shuffled)
