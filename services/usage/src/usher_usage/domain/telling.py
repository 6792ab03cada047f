"""Telling: when a seat's activity is worth a fact, and when to look at it again."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from uuid import UUID

from usher_usage.domain.activity import Activity, Holding, Standing, judge

TELL_AGAIN = timedelta(days=1)
"""A newer login alone is told this long after the last fact, neither earlier nor much later."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the last fact about a seat said, and when it was told."""

    org_id: UUID
    activity: Activity
    since: datetime
    last_login_at: datetime | None
    at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class WatchedSeat:
    """The pair (person, product). `holding` is None while nobody holds the seat, `told` before the first fact."""

    tenant_id: UUID
    user_id: UUID
    product: str
    org_id: UUID
    holding: Holding | None
    told: Told | None
    look_at: datetime | None
    """When to look again; None is never."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a watched seat; `is_news` where `told` is a fact to be told now."""

    seat: WatchedSeat
    told: Told
    look_at: datetime | None
    is_news: bool


def settle(seat: WatchedSeat, at: datetime) -> Change | None:
    """Bring a seat in step with its holding at `at`; None where nothing changes.

    A seat that nobody holds is watched no more, and its last fact stands: it says nothing of who holds no seat.
    """
    if seat.holding is None:
        return Change(seat, seat.told, None, is_news=False) if seat.told and seat.look_at else None
    standing = judge(seat.holding, at)
    tell_at = when_to_tell(seat.told, seat.org_id, standing, seat.holding.zone, at)
    if seat.told is None or (tell_at is not None and tell_at <= at):
        return Change(seat, news(seat, standing, at), standing.until, is_news=True)
    look_at = min((moment for moment in (tell_at, standing.until) if moment), default=None)
    return Change(seat, seat.told, look_at, is_news=False) if look_at != seat.look_at else None


def when_to_tell(told: Told | None, org_id: UUID, standing: Standing, zone: tzinfo, at: datetime) -> datetime | None:
    """Another activity or organization is told at once, another day of the last login once a day, else nothing."""
    if told is None or (told.org_id, told.activity) != (org_id, standing.activity):
        return at
    if told.since.astimezone(zone).date() == standing.since.astimezone(zone).date():
        return None
    return told.at + TELL_AGAIN


def news(seat: WatchedSeat, standing: Standing, at: datetime) -> Told:
    """The next fact about a seat."""
    version = seat.told.version + 1 if seat.told else 1
    return Told(seat.org_id, standing.activity, standing.since, standing.last_login_at, at, version)
