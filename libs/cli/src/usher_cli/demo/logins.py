"""A year of logins, told to identity in order of time while the clock goes forward with them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from usher_cli.clients.session import Session
from usher_cli.demo import clock
from usher_cli.generate.logins import generate_logins

AT_ONCE = 10_000
"""Logins that identity takes in one call."""


def tell_logins(session: Session, file: Path, user_ids: Sequence[str], seed: int) -> int:
    """Tell the logins of the last 365 days; the clock ends at the real now. Returns how many there were."""
    logins = generate_logins(sorted(map(UUID, user_ids)), seed, datetime.now(UTC))
    count = 0
    while batch := list(islice(logins, AT_ONCE)):
        go_forward(session, file, batch[-1][1])
        session.identity.tell_logins([{"user_id": str(user), "at": at.isoformat()} for user, at in batch])
        count += len(batch)
    go_forward(session, file, datetime.now(UTC))
    return count


def go_forward(session: Session, file: Path, at: datetime) -> None:
    """Move the clock to `at` unless it is past that; tokens are short-lived, so a new one follows."""
    if at > clock.moved_now(file):
        clock.move(file, at)
        session.credentials.renew()
