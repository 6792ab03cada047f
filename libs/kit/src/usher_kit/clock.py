"""The one clock, injected everywhere. Its offset comes from a file, so that tests and the demo can move it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

REREAD_SECONDS = 0.2
"""How long a process may go on by the offset it has read."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The current moment, in UTC."""
        ...


class SystemClock:
    """The machine's clock: the only one in production."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is moved; for tests."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def move_to(self, at: datetime) -> None:
        self.at = at


class OffsetClock:
    """The machine's clock plus the seconds written in a file; a missing file is no offset."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = timedelta(0)
        self._read_at: float | None = None

    def now(self) -> datetime:
        if self._read_at is None or monotonic() - self._read_at > REREAD_SECONDS:
            self._offset = read_offset(self._path)
            self._read_at = monotonic()
        return datetime.now(UTC) + self._offset


def read_offset(path: Path) -> timedelta:
    """The offset that `path` holds in seconds; none where the file is missing or empty."""
    try:
        return timedelta(seconds=float(path.read_text() or 0))
    except FileNotFoundError:
        return timedelta(0)


def write_offset(path: Path, offset: timedelta) -> None:
    """Move every clock that reads `path`. Replaced whole, so that no reader sees half a number."""
    fresh = path.with_suffix(".new")
    fresh.write_text(str(offset.total_seconds()))
    fresh.replace(path)
