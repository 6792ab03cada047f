"""Values as texts, the same in every format that has no types of its own."""

from datetime import UTC, date, datetime
from typing import Any

from usher_reporting.reports.report import Kind


def as_text(value: Any, kind: Kind) -> str:
    """A value that is not null as a text: times as RFC 3339 in UTC, days as 2026-03-02, true or false."""
    if kind is Kind.MOMENT:
        return rfc3339(value)
    if kind is Kind.YES_OR_NO:
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def rfc3339(at: datetime) -> str:
    """A moment in UTC as the API writes it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
