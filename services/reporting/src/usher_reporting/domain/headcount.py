"""Headcount: how many people of an organization hold, await or use a product's seats (seats: Usage, Words)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias
from uuid import UUID

from usher_reporting.domain.people import Change, Person, Seat

COMBINED = "combined"
COMBINED_OF = ("learn", "observe")
"""Combined are the people who hold a seat of each of these (seats: Words)."""

OPEN = ("assigned", "suspended", "waitlisted")
"""The seat states that are counted, from having a seat to not having one."""

ACTIVITIES: Mapping[str, str] = {
    "active": "active",
    "warned": "active",
    "inactive": "inactive",
    "never_used": "never_used",
    "unknown": "unknown",
}
"""Each activity with the figure that counts it, from the most used. Warned counts as active (seats: Usage)."""

LESS_USED = list(dict.fromkeys(ACTIVITIES.values()))


class Headcount(NamedTuple):
    """People by the state of their seats of one product, and those assigned by their activity as well."""

    assigned: int = 0
    waitlisted: int = 0
    suspended: int = 0
    active: int = 0
    inactive: int = 0
    never_used: int = 0
    unknown: int = 0


Place: TypeAlias = tuple[UUID, UUID, str]
"""Tenant, organization and product."""

OF_STATE = {state: Headcount(**{state: 1}) for state in OPEN if state != "assigned"}
OF_ACTIVITY = {activity: Headcount(assigned=1, **{figure: 1}) for activity, figure in ACTIVITIES.items()}
BETTER = {state: rank for rank, state in enumerate(OPEN)}
MORE_USED = {activity: LESS_USED.index(figure) for activity, figure in ACTIVITIES.items()}


def counted(person: Person) -> dict[str, tuple[UUID, Headcount]]:
    """What the person counts as, by product: where, and a headcount of 1 for each open seat, and for both as one."""
    found: dict[str, tuple[UUID, Headcount]] = {}
    for product, seat in person.seats.items():
        org_id, one = person.counts_at(seat), count_of(seat.holding.state, seat.activity.activity)
        if org_id is not None and one is not None:
            found[product] = (org_id, one)
    first, second = (person.seats.get(product) for product in COMBINED_OF)
    if first is not None and second is not None:
        org_id, one = person.counts_at(first), combination(first, second)
        if org_id is not None and one is not None:
            found[COMBINED] = (org_id, one)
    return found


def count_of(state: str, activity: str) -> Headcount | None:
    """The headcount of one seat; none for one that is not open."""
    return OF_ACTIVITY[activity] if state == "assigned" else OF_STATE.get(state)


def combination(first: Seat, second: Seat) -> Headcount | None:
    """A person's open seats of both products as one: as good as the worse of them, as used as the less used."""
    states = (first.holding.state, second.holding.state)
    if not (states[0] in BETTER and states[1] in BETTER):
        return None
    activities = (first.activity.activity, second.activity.activity)
    return count_of(max(states, key=BETTER.__getitem__), max(activities, key=MORE_USED.__getitem__))


def difference(changes: Iterable[Change]) -> dict[Place, Headcount]:
    """By how much headcounts change, for the places where they do."""
    people: Counter[tuple[Place, Headcount]] = Counter()
    for change in changes:
        before, after = counted(change.before), counted(change.after)
        if before != after:
            people.subtract(places(change.before, before))
            people.update(places(change.after, after))
    sums: dict[Place, list[int]] = {}
    for (place, one), number in people.items():
        figures = sums.setdefault(place, [0] * len(one))
        for index, figure in enumerate(one):
            figures[index] += number * figure
    return {place: Headcount(*figures) for place, figures in sums.items() if any(figures)}


def places(person: Person, found: Mapping[str, tuple[UUID, Headcount]]) -> Iterator[tuple[Place, Headcount]]:
    """Each of what the person counts as, with its place."""
    return (((person.tenant_id, org_id, product), one) for product, (org_id, one) in found.items())
