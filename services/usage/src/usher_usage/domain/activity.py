"""Activity: whether the holder of a seat comes, and when the seat may be reclaimed (seats: Usage)."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from usher_usage.domain.days import NONE, Pauses, days_before, end_of_days
from usher_usage.domain.policies import DEFAULT_POLICY, Policy

NOTICE_DAYS = 7
"""Days that count between a warning and the reclaim, at least; and how long before the end of a kept seat's time its
holder is warned again."""


class Activity(StrEnum):
    """How the holder of a seat uses it. Warned counts as active."""

    ACTIVE = "active"
    WARNED = "warned"
    INACTIVE = "inactive"
    NEVER_USED = "never_used"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Keep:
    """The holder, or an administrator for them, asked to keep the seat."""

    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """A seat that a person holds, with all that decides its activity."""

    assigned_since: datetime
    last_login_at: datetime | None
    """The person's last login, whatever they held then."""
    connected_since: datetime | None
    """Since when a source of logins is connected for the person's organization; None is not at all."""
    policy: Policy = DEFAULT_POLICY
    zone: tzinfo = UTC
    """The time zone of the person's organization, in which days are counted."""
    pauses: Pauses = NONE
    """Breaks of the organization's calendar, and the holding's suspensions."""
    keep: Keep | None = None
    is_return: bool = False
    """It was given back to a person who returned: the login that brought it back counts, though it came before."""

    @property
    def login(self) -> datetime | None:
        """A login counts for the seats that the person holds then: one before the assignment does not."""
        if self.last_login_at is None or self.is_return or self.last_login_at >= self.assigned_since:
            return self.last_login_at
        return None

    @property
    def kept_until(self) -> datetime | None:
        """A wish to keep an earlier holding keeps no later one."""
        return self.keep.until if self.keep and self.keep.at >= self.assigned_since else None

    @property
    def clock_begins(self) -> datetime:
        """Days without a login are counted from the last one; else from when one could first have been seen."""
        return self.login or max(self.assigned_since, self.connected_since or self.assigned_since)

    def after(self, days: int) -> datetime:
        """When so many days that count have passed without a login."""
        return end_of_days(self.clock_begins, days, self.zone, self.pauses)


@dataclass(frozen=True, slots=True)
class Standing:
    """A seat's activity at a moment. It follows from the holding alone, in whatever order that became known."""

    activity: Activity
    since: datetime
    """Active: the last login. Warned and inactive: the end of its days. Never used and unknown: the assignment."""
    last_login_at: datetime | None
    until: datetime | None
    """When time alone will change it; None is never."""
    warned_since: datetime | None = None
    reclaim_due: datetime | None = None


def judge(holding: Holding, at: datetime, warned_at: datetime | None = None) -> Standing:
    """The standing of a seat at `at`. `warned_at` is when its holder was warned, if they were and that still holds."""
    if holding.connected_since is None:
        return Standing(Activity.UNKNOWN, holding.assigned_since, None, None)
    activity, since, until = use_of(holding, at)
    due = earliest_reclaim(holding)
    if due is None:
        return Standing(activity, since, holding.login, until)
    notice = time_of_notice(holding, due)
    if at < notice:
        return Standing(activity, since, holding.login, min(until or notice, notice))
    warned_since = warned_at or at
    due = max(due, end_of_days(warned_since, NOTICE_DAYS, holding.zone, holding.pauses))
    return Standing(activity, since, holding.login, until, warned_since, due)


def use_of(holding: Holding, at: datetime) -> tuple[Activity, datetime, datetime | None]:
    """How a seat is used at `at`, since when, and until when if nobody comes."""
    if holding.login is None:
        return Activity.NEVER_USED, holding.assigned_since, None
    end = holding.after(holding.policy.window_days)
    if at >= end:
        return Activity.INACTIVE, end, None
    if holding.policy.warn_days is None:
        return Activity.ACTIVE, holding.login, end
    warning = holding.after(holding.policy.warn_days)
    return (Activity.WARNED, warning, end) if at >= warning else (Activity.ACTIVE, holding.login, warning)


def earliest_reclaim(holding: Holding) -> datetime | None:
    """When the seat would be reclaimed if nothing happened and its holder had been warned in time; None is never."""
    if holding.connected_since is None or holding.policy.reclaim_days is None:
        return None
    due = holding.after(holding.policy.reclaim_days)
    return max(due, holding.kept_until) if holding.kept_until else due


def time_of_notice(holding: Holding, due: datetime) -> datetime:
    """When to warn the holder of a reclaim at `due`. Who asked to keep the seat is warned again shortly before it."""
    notice = holding.after(holding.policy.notice_days)
    if holding.kept_until and holding.keep and holding.keep.at >= holding.clock_begins:
        return max(notice, days_before(due, NOTICE_DAYS, holding.zone))
    return notice
