"""People with their seats as reporting knows them, whatever the order in which it was told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

PersonKey: TypeAlias = tuple[UUID, UUID]
"""Tenant and person."""


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


UNTOLD = Holding()
UNWATCHED = Activity()


@dataclass(frozen=True, slots=True)
class Seat:
    """One person's seat of one product: two owners tell of it, each with versions of their own."""

    holding: Holding = UNTOLD
    activity: Activity = UNWATCHED

    def merged(self, news: "Seat") -> "Seat":
        """Of each half the higher version, so that no order and no repetition of news changes the outcome.

        It is the very same seat where the news brought nothing.
        """
        is_told = news.holding.version > self.holding.version
        is_watched = news.activity.version > self.activity.version
        if not (is_told or is_watched):
            return self
        return Seat(news.holding if is_told else self.holding, news.activity if is_watched else self.activity)


News: TypeAlias = tuple[str, Seat]
"""A product, and what one of its owners now says of a person's seat of it."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person's organization (none before identity's fact arrived) and seats by product."""

    tenant_id: UUID
    user_id: UUID
    org_id: UUID | None = None
    seats: Mapping[str, Seat] = field(default_factory=dict)

    def counts_at(self, seat: Seat) -> UUID | None:
        """The organization that a seat counts for: the person's, since a transfer can leave the seat untouched."""
        return self.org_id or seat.holding.org_id

    def told(self, news: Sequence[News]) -> "Person":
        """The person after news of their seats."""
        seats = dict(self.seats)
        for product, seat in news:
            seats[product] = seats.get(product, Seat()).merged(seat)
        return replace(self, seats=seats)

    def moved(self, org_id: UUID) -> "Person":
        """The person as one of another organization."""
        return replace(self, org_id=org_id)


@dataclass(frozen=True, slots=True)
class Change:
    """A person before and after a batch of facts."""

    before: Person
    after: Person

    def changed_seats(self) -> Iterator[tuple[str, Seat]]:
        """The seats that differ, or count elsewhere."""
        for product, seat in self.after.seats.items():
            is_same = self.before.seats.get(product) is seat
            if not is_same or self.before.counts_at(seat) != self.after.counts_at(seat):
                yield product, seat
