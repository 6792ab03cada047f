"""Headcount: how many people of an organization hold, await or use a product's seats (seats: Usage, Words)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias
from uuid import UUID

from usher_reporting.domain.people import Activity, Change, Holding, Person, Seat

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


def counted(person: Person) -> Iterator[tuple[Place, Headcount]]:
    """What the person counts as: one headcount of 1 for each open seat, and for both as one."""
    seats = person.seats
    if (both := combination(person)) is not None:
        seats = {**seats, COMBINED: both}
    for product, seat in seats.items():
        org_id, state = person.counts_at(seat), seat.holding.state
        if org_id is not None and state in OPEN:
            one = OF_ACTIVITY[seat.activity.activity] if state == "assigned" else OF_STATE[state]
            yield (person.tenant_id, org_id, product), one


def combination(person: Person) -> Seat | None:
    """The person's open seats of both products as one: as good as the worse of them, as used as the less used."""
    pair = [person.seats[product] for product in COMBINED_OF if product in person.seats]
    states = {seat.holding.state for seat in pair}
    if len(pair) < len(COMBINED_OF) or not states.issubset(OPEN):
        return None
    worse = max(states, key=OPEN.index)
    less_used = max((ACTIVITIES[seat.activity.activity] for seat in pair), key=LESS_USED.index)
    return Seat(Holding(org_id=pair[0].holding.org_id, state=worse), Activity(activity=less_used))


def difference(changes: Iterable[Change]) -> dict[Place, Headcount]:
    """By how much headcounts change, for the places where they do."""
    sums: dict[Place, list[int]] = {}
    for change in changes:
        for sign, person in ((-1, change.before), (1, change.after)):
            for place, one in counted(person):
                figures = sums.setdefault(place, [0] * len(Headcount._fields))
                for index, number in enumerate(one):
                    figures[index] += sign * number
    return {place: Headcount(*figures) for place, figures in sums.items() if any(figures)}
