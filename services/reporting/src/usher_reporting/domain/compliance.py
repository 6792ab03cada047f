"""Compliance: whether an organization keeps to what it bought, and what it should do (seats: Compliance)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from usher_reporting.domain.dashboard import days_left, percentage
from usher_reporting.domain.headcount import Headcount


class Status(StrEnum):
    """From the best to the worst."""

    COMPLIANT = "compliant"
    AT_RISK = "at_risk"
    NON_COMPLIANT = "non_compliant"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on an organization is at risk."""

    usage_percent: float = 95.0
    inactive_percent: float = 20.0
    days_left: int = 30


@dataclass(frozen=True, slots=True)
class Position:
    """A pool with the people whom it serves, and what of its license comes next."""

    capacity: int
    capacity_with_grace: int
    """What who has a seat keeps it up to: terms in grace count as well."""
    overage_seats: int | None
    """Seats beyond either that its terms allow; None is any number."""
    license_state: str
    ends_at: datetime | None
    has_successor: bool
    people: Headcount
    price_per_seat: Decimal | None = None
    currency: str | None = None

    @property
    def unused(self) -> int:
        """Seats whose holders do not come."""
        return self.people.inactive + self.people.never_used


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for a status: its figures, how many people it concerns, and the act that mends it."""

    code: str
    status: Status
    people: int
    act: str
    seats: int = 0
    """Seats that the act frees, brings or keeps: what orders recommendations where no price is known."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    saved: Decimal = Decimal(0)
    """Money that the act saves, as far as is known."""


def findings(position: Position, at: datetime, thresholds: Thresholds) -> list[Finding]:
    """All that is to be said of a pool, the most urgent and then the dearest first."""
    found = [*violations(position), *risks(position, at, thresholds)]
    return sorted(found, key=lambda one: (one.status is not Status.NON_COMPLIANT, -one.saved, -one.seats, one.code))


def status_of(found: Sequence[Finding]) -> Status:
    """The worst of the findings; compliant without any."""
    order = list(Status)
    return max((one.status for one in found), key=order.index, default=Status.COMPLIANT)


def violations(position: Position) -> Iterator[Finding]:
    """What is against the license."""
    people = position.people
    if position.license_state in ("expired", "ended"):
        if people.assigned:
            yield Finding(
                "used_after_expiry", Status.NON_COMPLIANT, people.assigned, "renew the license", people.assigned,
                {"assigned": people.assigned},
            )  # fmt: skip
        return
    allowed = None if position.overage_seats is None else position.capacity_with_grace + position.overage_seats
    if allowed is not None and people.assigned > allowed:
        over = people.assigned - allowed
        figures = {"assigned": people.assigned, "allowed": allowed}
        yield Finding("over_capacity", Status.NON_COMPLIANT, over, "buy seats, or release the excess", over, figures)


def risks(position: Position, at: datetime, thresholds: Thresholds) -> Iterator[Finding]:
    """What will be against it, or keeps people from their seats, or is paid for and not used."""
    people, capacity = position.people, position.capacity
    used = percentage(people.assigned, capacity)
    if used is not None and used >= thresholds.usage_percent and people.assigned <= capacity:
        figures = {"assigned": people.assigned, "capacity": capacity, "percent": used}
        yield Finding("nearly_full", Status.AT_RISK, people.assigned, "free unused seats, or buy more", 0, figures)
    if people.waitlisted:
        figures = {"waitlisted": people.waitlisted}
        yield Finding(
            "people_waiting", Status.AT_RISK, people.waitlisted, "request licenses", people.waitlisted, figures
        )
    share = percentage(position.unused, people.assigned)
    if share is not None and share > thresholds.inactive_percent:
        yield inactivity(position, share)
    yield from endings(position, at, thresholds)


def endings(position: Position, at: datetime, thresholds: Thresholds) -> Iterator[Finding]:
    """Licenses that run out."""
    people = position.people
    if position.license_state == "grace":
        yield Finding(
            "in_grace",
            Status.AT_RISK,
            people.assigned,
            "renew the license",
            people.assigned,
            {"assigned": people.assigned},
        )
    elif position.ends_at is not None and not position.has_successor and position.license_state == "expiring":
        left = days_left(position.ends_at, at)
        if left <= thresholds.days_left:
            figures = {"days_left": left, "assigned": people.assigned}
            yield Finding("ends_soon", Status.AT_RISK, people.assigned, "renew the license", people.assigned, figures)


def inactivity(position: Position, share: float) -> Finding:
    """That many do not come, with what their seats cost where a price is known."""
    unused, money = position.unused, (position.price_per_seat or Decimal(0)) * position.unused
    figures: dict[str, Any] = {"inactive": unused, "assigned": position.people.assigned, "percent": share}
    if position.price_per_seat is not None:
        figures |= {"saved": str(money), "currency": position.currency}
    return Finding("many_inactive", Status.AT_RISK, unused, "review inactive seats", unused, figures, money)
