"""The one clock of a local system, moved by the demo: every process adds the offset in the same file."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from usher_cli.environment import Environment
from usher_cli.failure import Failure
from usher_kit.clock import REREAD_SECONDS, read_offset, write_offset

NOW = "now"
DAYS_BACK = 365
SEEN_SECONDS = REREAD_SECONDS * 1.1
"""How long until every process has noticed that the clock was moved."""


def clock_file(environment: Environment) -> Path:
    """The file that holds the offset. Raises Failure where the system has none: its clock cannot be moved."""
    path = environment.path("USHER_CLOCK_FILE")
    if path is None:
        raise Failure("USHER_CLOCK_FILE is not set: only the clock of a system that `usher up` started can be moved.")
    return path


def read_time(text: str) -> datetime:
    """A point in time in UTC: `now`, a day, or RFC 3339; without a zone, UTC's. Raises Failure for what is none."""
    if text == NOW:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Failure(f"{text!r} is no time: give {NOW}, a day as 2027-01-31, or 2027-01-31T09:00:00Z.") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def move(file: Path, at: datetime) -> timedelta:
    """Have the clock read `at` from now on; every process does when this returns. Returns by how much it was moved."""
    before = read_offset(file)
    after = at - datetime.now(UTC)
    write_offset(file, after if abs(after) > timedelta(seconds=1) else timedelta(0))
    time.sleep(SEEN_SECONDS)
    return after - before


def moved_now(file: Path) -> datetime:
    """What the clock reads now."""
    return datetime.now(UTC) + read_offset(file)
