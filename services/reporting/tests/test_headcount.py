"""Headcounts: who counts as what, and that keeping them by differences is as good as counting anew."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_reporting.domain.headcount import Headcount, Place, difference
from usher_reporting.domain.people import Activity, Change, Holding, News, Person, Seat

TENANT, NORTH, SOUTH = (UUID(int=number) for number in (1, 2, 3))
DAY = datetime(2026, 9, 1, tzinfo=UTC)
ANN = UUID(int=100)
NOBODY = Person(TENANT, ANN)


def person(**seats: Seat) -> Person:
    return Person(TENANT, ANN, NORTH, seats)


def seat(state: str, activity: str = "unknown", org: UUID = NORTH) -> Seat:
    return Seat(Holding(1, org, None, state), Activity(1, activity))


@pytest.mark.parametrize(
    ("story", "person", "counts"),
    [
        ("a seat in use", person(learn=seat("assigned", "active")), {"learn": Headcount(1, active=1)}),
        ("warned is active", person(learn=seat("assigned", "warned")), {"learn": Headcount(1, active=1)}),
        ("nobody told of its use", person(learn=seat("assigned")), {"learn": Headcount(1, unknown=1)}),
        (
            "the use of a seat that is not held counts for nothing",
            person(learn=seat("waitlisted", "active")),
            {"learn": Headcount(waitlisted=1)},
        ),
        ("released seats are not counted", person(learn=seat("released", "inactive")), {}),
        ("withheld ones neither", person(learn=seat("withheld")), {}),
        (
            "both are combined, as used as the less used",
            person(learn=seat("assigned", "active"), observe=seat("assigned", "never_used")),
            {
                "learn": Headcount(1, active=1),
                "observe": Headcount(1, never_used=1),
                "combined": Headcount(1, never_used=1),
            },
        ),
        (
            "who waits for one waits for both",
            person(learn=seat("assigned", "active"), observe=seat("waitlisted")),
            {
                "learn": Headcount(1, active=1),
                "observe": Headcount(waitlisted=1),
                "combined": Headcount(waitlisted=1),
            },
        ),
        (
            "another product is no part of combined",
            person(learn=seat("suspended"), coach=seat("suspended")),
            {"learn": Headcount(suspended=1), "coach": Headcount(suspended=1)},
        ),
    ],
)
def test_what_a_person_counts_as(story: str, person: Person, counts: dict[str, Headcount]) -> None:
    found = {product: count for (_, _, product), count in difference([Change(NOBODY, person)]).items()}
    assert found == counts, story


def test_people_count_where_they_are_now_though_their_seat_knows_an_earlier_place() -> None:
    before = Person(TENANT, ANN, None, {"learn": seat("assigned", org=NORTH)})
    assert difference([Change(before, before.moved(SOUTH))]) == {
        (TENANT, NORTH, "learn"): Headcount(assigned=-1, unknown=-1),
        (TENANT, SOUTH, "learn"): Headcount(assigned=1, unknown=1),
    }


def test_only_what_changed_is_written() -> None:
    ann = person(learn=seat("assigned"))
    older = Seat(holding=Holding(1, SOUTH, None, "released"))
    newer = Seat(holding=Holding(2, SOUTH, None, "released"))
    assert list(Change(ann, ann.told([("learn", older)])).changed_seats()) == []
    changed = Change(ann, ann.told([("learn", newer), ("learn", older)])).changed_seats()
    assert list(changed) == [("learn", Seat(newer.holding, ann.seats["learn"].activity))]


USERS = [UUID(int=100 + number) for number in range(3)]
PRODUCTS = st.sampled_from(["learn", "observe", "coach"])
ORGS = st.sampled_from([NORTH, SOUTH])
STATES = st.sampled_from(["assigned", "waitlisted", "suspended", "released", "withheld"])
ACTIVITIES = st.sampled_from(["active", "warned", "inactive", "never_used", "unknown"])
Told = tuple[UUID, News | UUID]
"""A person with news of a seat, or with their new organization."""


@st.composite
def news(draw: st.DrawFn) -> Told:
    """News of a seat by one of its two owners; one version has one content."""
    user, product, version = draw(st.tuples(st.sampled_from(USERS), PRODUCTS, st.integers(1, 4)))
    key = f"{user} {product} {version}"
    if draw(st.booleans()):
        state, org = draw(st.shared(STATES, key=f"{key} state")), draw(st.shared(ORGS, key=f"{key} org"))
        return user, (product, Seat(holding=Holding(version, org, None, state, DAY)))
    activity = draw(st.shared(ACTIVITIES, key=f"{key} activity"))
    return user, (product, Seat(activity=Activity(version, activity, DAY)))


HISTORY = st.lists(news() | st.tuples(st.sampled_from(USERS), ORGS), max_size=40)


def after(people: dict[UUID, Person], user: UUID, told: News | UUID) -> Person:
    ann = people.get(user, Person(TENANT, user))
    return ann.moved(told) if isinstance(told, UUID) else ann.told([told])


@given(HISTORY)
def test_differences_add_up_to_a_count_of_what_there_is(history: Sequence[Told]) -> None:
    people: dict[UUID, Person] = {}
    kept: Counter[tuple[Place, str]] = Counter()
    for user, told in history:
        change = Change(people.get(user, Person(TENANT, user)), after(people, user, told))
        people[user] = change.after
        for place, by in difference([change]).items():
            kept.update({(place, figure): number for figure, number in by._asdict().items()})
    counted = plain_count(people)
    assert {key: number for key, number in kept.items() if number} == counted


def plain_count(people: dict[UUID, Person]) -> Counter[tuple[Place, str]]:
    """Everybody counted anew, by the words of the design alone."""
    counts: Counter[tuple[Place, str]] = Counter()
    for ann in people.values():
        for product, one in ann.seats.items():
            counts.update(figures(ann, product, [one]))
        if {"learn", "observe"} <= ann.seats.keys():
            counts.update(figures(ann, "combined", [ann.seats["learn"], ann.seats["observe"]]))
    return counts


def figures(ann: Person, product: str, seats: list[Seat]) -> list[tuple[Place, str]]:
    org = ann.org_id or seats[0].holding.org_id
    states = [one.holding.state for one in seats]
    uses = ["active" if one.activity.activity == "warned" else one.activity.activity for one in seats]
    if org is None or any(state not in ("assigned", "waitlisted", "suspended") for state in states):
        return []
    state = next(state for state in ("waitlisted", "suspended", "assigned") if state in states)
    use = next(use for use in ("unknown", "never_used", "inactive", "active") if use in uses)
    place = (ann.tenant_id, org, product)
    return [(place, state), (place, use)] if state == "assigned" else [(place, state)]


@given(st.lists(news(), max_size=30).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told + told[:5]))))
def test_news_in_any_order_and_number_have_one_effect(histories: tuple[Sequence[Told], Sequence[Told]]) -> None:
    outcomes = []
    for history in histories:
        people: dict[UUID, Person] = {}
        for user, told in history:
            people[user] = after(people, user, told)
        outcomes.append(people)
    assert outcomes[0] == outcomes[1]
