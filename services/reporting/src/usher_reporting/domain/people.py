"""People with their seats as reporting knows them, whatever the order in which it was told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

PersonKey: TypeAlias = tuple[UUID, UUID]
"""Tenant and person."""

SeatKey: TypeAlias = tuple[UUID, UUID, str]
"""Tenant, person and product."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A seat's state as entitlements last said it; version 0 where it has not spoken yet."""

    version: int = 0
    org_id: UUID | None = None
    pool_id: UUID | None = None
    state: str = "none"
    since: datetime | None = None
    assigned_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """How the seat is used as usage last said it; version 0 where it has not spoken yet."""

    version: int = 0
    activity: str = "unknown"
    since: datetime | None = None
    last_login_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """One person's seat of one product: two owners tell of it, each with versions of their own."""

    holding: Holding = field(default_factory=Holding)
    activity: Activity = field(default_factory=Activity)

    def merged(self, news: "Seat") -> "Seat":
        """Of each half the higher version. So no order and no repetition of news changes the outcome."""
        holding = news.holding if news.holding.version > self.holding.version else self.holding
        activity = news.activity if news.activity.version > self.activity.version else self.activity
        return Seat(holding, activity)


@dataclass(frozen=True, slots=True)
class Person:
    """A person's organization (none before identity's fact arrived) and seats by product."""

    org_id: UUID | None = None
    seats: Mapping[str, Seat] = field(default_factory=dict)

    def counts_at(self, seat: Seat) -> UUID | None:
        """The organization that a seat counts for: the person's, since a transfer can leave the seat untouched."""
        return self.org_id or seat.holding.org_id

    def told(self, product: str, news: Seat) -> "Person":
        """The person after news of one seat."""
        seat = self.seats.get(product, Seat())
        return replace(self, seats={**self.seats, product: seat.merged(news)})


People: TypeAlias = Mapping[PersonKey, Person]


def told(people: People, news: Iterable[tuple[SeatKey, Seat]]) -> dict[PersonKey, Person]:
    """These people after news of their seats."""
    after = dict(people)
    for (tenant_id, user_id, product), seat in news:
        key = (tenant_id, user_id)
        after[key] = after.get(key, Person()).told(product, seat)
    return after


def moved(people: People, organizations: Mapping[PersonKey, UUID]) -> dict[PersonKey, Person]:
    """These people after news of the organization that some of them belong to."""
    return {
        key: replace(person, org_id=organizations[key]) if key in organizations else person
        for key, person in people.items()
    }


def changed_seats(before: People, after: People) -> dict[SeatKey, Seat]:
    """The seats that differ, in the order of their keys."""
    return {
        (*key, product): after[key].seats[product]
        for key in sorted(after)
        for product in sorted(after[key].seats)
        if before.get(key, Person()).seats.get(product) != after[key].seats[product]
    }
