"""Activity: whether the holder of a seat comes (seats: Usage)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum

DEFAULT_WINDOW_DAYS = 30
"""Days without a login after which a holder is inactive, where no policy says otherwise."""


class Activity(StrEnum):
    """How the holder of a seat uses it."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    NEVER_USED = "never_used"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Holding:
    """A seat that a person holds, with all that decides its activity."""

    assigned_since: datetime
    last_login_at: datetime | None
    """The person's last login, whatever they held then."""
    has_source: bool
    """Whether any login of the person's tenant was ever seen: a source of logins is connected."""
    window_days: int
    zone: tzinfo
    """The time zone of the person's organization, in which days are counted."""

    @property
    def last_login_that_counts(self) -> datetime | None:
        """A login counts for the seats that the person holds then: one before the assignment does not."""
        if self.last_login_at is None or self.last_login_at < self.assigned_since:
            return None
        return self.last_login_at


@dataclass(frozen=True, slots=True)
class Standing:
    """A seat's activity at a moment. It follows from the holding alone, in whatever order that became known."""

    activity: Activity
    since: datetime
    """Active: the last login. Inactive: the end of the window. Never used and unknown: the assignment."""
    last_login_at: datetime | None
    until: datetime | None
    """When time alone will change it; None is never."""


def judge(holding: Holding, at: datetime) -> Standing:
    """The activity of a seat at `at`."""
    if not holding.has_source:
        return Standing(Activity.UNKNOWN, holding.assigned_since, None, None)
    login = holding.last_login_that_counts
    if login is None:
        return Standing(Activity.NEVER_USED, holding.assigned_since, None, None)
    end = end_of_window(login, holding.window_days, holding.zone)
    if at < end:
        return Standing(Activity.ACTIVE, login, login, end)
    return Standing(Activity.INACTIVE, end, login, None)


def end_of_window(login: datetime, days: int, zone: tzinfo) -> datetime:
    """The midnight, where the organization is, after `days` whole days without a login; the login's own is none."""
    last_day = login.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(last_day + timedelta(days=1), time.min, zone).astimezone(UTC)
