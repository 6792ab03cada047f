"""Telling: when a seat's activity is worth a fact, and when to look at it again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from uuid import UUID

from usher_usage.domain.activity import Activity, Holding, Keep, Standing, earliest_reclaim, judge
from usher_usage.domain.days import end_of_days

TELL_AGAIN = timedelta(days=1)
"""A newer login alone is told this long after the last fact, neither earlier nor much later."""


class Hold(StrEnum):
    """Whether a person has a seat, as far as its activity goes."""

    HELD = "held"
    SUSPENDED = "suspended"
    RECLAIMED = "reclaimed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Told:
    """What the last fact about a seat said, and when it was told.

    At version 0 there was none yet: it is what the silence says.
    """

    org_id: UUID
    activity: Activity
    since: datetime
    assigned_since: datetime | None
    last_login_at: datetime | None
    at: datetime
    version: int
    warned_since: datetime | None = None
    reclaim_due: datetime | None = None
    kept_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class WatchedSeat:
    """The pair (person, product). `told` is None before it was judged."""

    tenant_id: UUID
    user_id: UUID
    product: str
    org_id: UUID
    hold: Hold
    holding: Holding | None
    """What is held, or was until it was reclaimed; None where that says nothing of activity."""
    told: Told | None
    look_at: datetime | None
    """When to look again; None is never."""

    @property
    def warned_at(self) -> datetime | None:
        """When the holder was warned. A login, a wish to keep the seat and another holding take a warning back."""
        if self.told is None or self.holding is None:
            return None
        said = (self.told.assigned_since, self.told.last_login_at, self.told.kept_until)
        now = (self.holding.assigned_since, self.holding.login, self.holding.kept_until)
        return self.told.warned_since if said == now else None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a watched seat; `is_news` where `told` is a fact to be told now."""

    seat: WatchedSeat
    told: Told
    look_at: datetime | None
    is_news: bool


def settle(seat: WatchedSeat, at: datetime) -> Change | None:
    """Bring a seat in step with its holding at `at`; None where nothing changes."""
    match seat.hold:
        case Hold.HELD:
            return settle_held(seat, at)
        case Hold.RECLAIMED:
            return settle_reclaimed(seat, at)
        case Hold.SUSPENDED if seat.told and seat.told.reclaim_due:
            calm = replace(seat.told, warned_since=None, reclaim_due=None, at=at, version=seat.told.version + 1)
            return Change(seat, calm, None, is_news=True)
        case _:
            return rest(seat)


def settle_held(seat: WatchedSeat, at: datetime) -> Change | None:
    """A seat that is held is told of when its standing is another than was told."""
    assert seat.holding  # noqa: S101 (what is held has a holding)
    standing = judge(seat.holding, at, seat.warned_at)
    tell_at = when_to_tell(seat.told, seat.org_id, seat.holding, standing, at)
    if tell_at is not None and tell_at <= at:
        return tell(seat, seat.holding, standing, at)
    assert seat.told  # noqa: S101 (else it would have been told)
    look_at = min((moment for moment in (tell_at, standing.until) if moment), default=None)
    return Change(seat, seat.told, look_at, is_news=False) if look_at != seat.look_at else None


def tell(seat: WatchedSeat, holding: Holding, standing: Standing, at: datetime) -> Change:
    """What is said of a seat. The first word on one is not that nothing is known of it: whoever hears nothing knows."""
    told = news(seat, holding, standing, at)
    if told.version == 1 and told.activity is Activity.UNKNOWN and told.kept_until is None:
        return Change(seat, replace(told, version=0), standing.until, is_news=False)
    return Change(seat, told, standing.until, is_news=True)


def settle_reclaimed(seat: WatchedSeat, at: datetime) -> Change | None:
    """The last fact of a reclaimed seat stands until a login that it did not know.

    Then it says what that makes due, whoever is warned of it: later than the reclaim, it gives the seat back.
    """
    if seat.holding is None or not has_returned(seat.holding, seat.told):
        return rest(seat)
    # Who comes by themselves is seen, whether or not a source of logins is connected where they are now.
    holding = replace(seat.holding, connected_since=seat.holding.connected_since or seat.holding.assigned_since)
    standing = replace(judge(holding, at), warned_since=None, reclaim_due=earliest_reclaim(holding))
    return Change(seat, news(seat, holding, standing, at), None, is_news=True)


def has_returned(holding: Holding, told: Told | None) -> bool:
    """Whether there is a login later than the one that the last fact knew."""
    known = told.last_login_at if told else None
    return holding.login is not None and (known is None or holding.login > known)


def keep(seat: WatchedSeat, at: datetime) -> Keep | None:
    """The wish, uttered at `at`, to keep a seat; None for one that is not held."""
    if seat.hold is not Hold.HELD or seat.holding is None:
        return None
    holding = seat.holding
    return Keep(at, end_of_days(at, holding.policy.days_kept, holding.zone, holding.pauses))


def rest(seat: WatchedSeat) -> Change | None:
    """Of a seat that nobody holds the last fact stands, and it is watched no more."""
    return Change(seat, seat.told, None, is_news=False) if seat.told and seat.look_at else None


def when_to_tell(
    told: Told | None, org_id: UUID, holding: Holding, standing: Standing, at: datetime
) -> datetime | None:
    """All but a newer login is told at once; that is, once a day, where it is of another local day."""
    if told is None or said(told) != (
        org_id,
        standing.activity,
        holding.assigned_since,
        standing.warned_since,
        standing.reclaim_due,
        holding.kept_until,
    ):
        return at
    return None if is_same_day(told.since, standing.since, holding.zone) else told.at + TELL_AGAIN


def said(told: Told) -> tuple[object, ...]:
    """What of a fact is worth another one as soon as it differs."""
    return (told.org_id, told.activity, told.assigned_since, told.warned_since, told.reclaim_due, told.kept_until)


def is_same_day(one: datetime, other: datetime, zone: tzinfo) -> bool:
    return one == other or one.astimezone(zone).date() == other.astimezone(zone).date()


def news(seat: WatchedSeat, holding: Holding, standing: Standing, at: datetime) -> Told:
    """The next fact about a seat."""
    return Told(
        org_id=seat.org_id,
        activity=standing.activity,
        since=standing.since,
        assigned_since=holding.assigned_since,
        last_login_at=standing.last_login_at,
        at=at,
        version=seat.told.version + 1 if seat.told else 1,
        warned_since=standing.warned_since,
        reclaim_due=standing.reclaim_due,
        kept_until=holding.kept_until,
    )
