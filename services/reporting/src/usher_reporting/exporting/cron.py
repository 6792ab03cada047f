"""When schedules are due: cron expressions by the clock on the wall of an organization."""

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from usher_kit.errors import Invalid

SHORTEST = timedelta(hours=1)
"""From one run to the next at least."""

LOOKED_AT = 50
"""Runs whose distances are looked at: two days of the most frequent."""


def zone_of(name: str | None) -> tzinfo:
    """The time zone of that name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def check_cron(cron: str, zone: tzinfo, at: datetime) -> datetime:
    """When an expression comes next. Raises Invalid for one that is none, never comes, or comes too often."""
    try:
        runs = [run.astimezone(UTC) for run in islice(CronSim(cron, at.astimezone(zone)), LOOKED_AT)]
    except CronSimError as error:
        reason = str(error) or "it cannot be read"
        raise Invalid(
            f"{cron!r} is no cron expression of five fields, such as `0 6 * * 1`: {reason}.", pointer="/cron"
        ) from None
    if not runs:
        raise Invalid(f"{cron!r} never comes.", pointer="/cron")
    if any(later - earlier < SHORTEST for earlier, later in pairwise(runs)):
        raise Invalid("A schedule runs once an hour at most.", pointer="/cron")
    return runs[0]


def next_after(cron: str, zone: tzinfo, at: datetime) -> datetime:
    """When a checked expression comes next; a century on, where it comes no more."""
    found = next(iter(CronSim(cron, at.astimezone(zone))), None)
    return found.astimezone(UTC) if found else at + timedelta(days=36_500)


def latest_until(cron: str, zone: tzinfo, at: datetime, since: datetime) -> datetime:
    """The latest time at which a schedule that is due `since` then was to run, `at` included."""
    just_after = at + timedelta(seconds=1)
    found = next(iter(CronSim(cron, just_after.astimezone(zone), reverse=True)), None)
    return max(since, found.astimezone(UTC)) if found else since
