"""Headcount: how many people of an organization hold, await or use a product's seats (seats: Usage, Words)."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias
from uuid import UUID

from usher_reporting.domain.people import Activity, Holding, People, Person, Seat

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


def counted(person: Person) -> Iterator[tuple[UUID, str, str]]:
    """(organization, product, figure) for everything that the person counts as."""
    seats = dict(person.seats)
    if (both := combination(person)) is not None:
        seats[COMBINED] = both
    for product, seat in seats.items():
        org_id, state = person.counts_at(seat), seat.holding.state
        if org_id is None or state not in OPEN:
            continue
        yield org_id, product, state
        if state == "assigned":
            yield org_id, product, ACTIVITIES[seat.activity.activity]


def combination(person: Person) -> Seat | None:
    """The person's open seats of both products as one: as good as the worse of them, as used as the less used."""
    pair = [person.seats[product] for product in COMBINED_OF if product in person.seats]
    states = {seat.holding.state for seat in pair}
    if len(pair) < len(COMBINED_OF) or not states.issubset(OPEN):
        return None
    worse = max(states, key=OPEN.index)
    less_used = max((ACTIVITIES[seat.activity.activity] for seat in pair), key=LESS_USED.index)
    return Seat(Holding(org_id=pair[0].holding.org_id, state=worse), Activity(activity=less_used))


def headcounts(people: People) -> Counter[tuple[Place, str]]:
    """These people, counted by place and figure."""
    return Counter(
        ((tenant_id, org_id, product), figure)
        for (tenant_id, _), person in people.items()
        for org_id, product, figure in counted(person)
    )


def difference(before: People, after: People) -> dict[Place, Headcount]:
    """By how much the headcounts change, for the places where they do, in the order of their keys."""
    delta = headcounts(after)
    delta.subtract(headcounts(before))
    changes: dict[Place, dict[str, int]] = defaultdict(dict)
    for (place, figure), by in sorted(delta.items()):
        if by:
            changes[place][figure] = by
    return {place: Headcount(**by) for place, by in changes.items()}
