"""When notices go out: held for a moment, gathered by the hour, tried again, and not at all when they are old."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from usher_notifications.domain.notices import Kind

HOLD = timedelta(seconds=30)
"""What is undone within this time is not mailed."""

MANY = 20
HOLD_OF_MANY = timedelta(minutes=15)
"""So many new people waiting at once are most often licenses being set up; their notices wait for how it ends."""

DIGEST_EVERY = timedelta(hours=1)
"""An administrator gets at most one digest in this time."""

USEFUL_FOR: Mapping[Kind, timedelta] = {
    Kind.WAITLISTED: timedelta(days=2),
    Kind.WAITLIST_DIGEST: timedelta(days=2),
    Kind.LICENSE_ENDING: timedelta(days=7),
    Kind.RECLAIM_WARNING: timedelta(days=5),
    Kind.LICENSE_REQUEST: timedelta(days=7),
    Kind.LICENSE_ANSWER: timedelta(days=7),
    Kind.CHANGES_HELD: timedelta(days=7),
    Kind.TRANSFER_ASKED: timedelta(days=7),
    Kind.TRANSFER_ANSWER: timedelta(days=7),
    Kind.EXPORT_READY: timedelta(days=2),
}
"""How long after its fact became true a notice may be sent; an older fact makes none, so that history mails nobody."""

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)


def hold(new: int) -> timedelta:
    """How long the notices of `new` people who begin to wait together are held."""
    return HOLD_OF_MANY if new >= MANY else HOLD


def useful_until(kind: Kind, since: datetime) -> datetime:
    """Until when a notice of what is true `since` then may be sent."""
    return since + USEFUL_FOR[kind]


def backoff(attempts: int) -> timedelta:
    """How long after the `attempts`-th failed one the next attempt is made: doubled each time, up to an hour."""
    doublings = min(attempts - 1, 10)
    return min(LONGEST_RETRY, FIRST_RETRY * (1 << doublings))


@dataclass(frozen=True, slots=True)
class LastDigest:
    """An administrator's last digest: when it was or is due, and whether it still is to be written."""

    due_at: datetime
    is_ahead: bool


def next_digest(last: LastDigest | None, at: datetime, held: timedelta) -> datetime | None:
    """When to tell an administrator that more people wait; None where a digest that will count them is ahead."""
    if last is None:
        return at + held
    return None if last.is_ahead else max(at + held, last.due_at + DIGEST_EVERY)
