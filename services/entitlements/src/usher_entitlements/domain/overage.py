"""Overage: how many seats a term lets a pool give beyond its capacity (seats: Capacity)."""

from collections.abc import Iterable

BLOCK = "block"
ALLOW = "allow"
PERCENT = "percent:"


def overage_seats(overage: str, seats: int) -> int | None:
    """Seats beyond `seats` under a term's policy: `block` none, `percent:N` N % rounded down, `allow` no limit (None).

    Raises ValueError for any other policy.
    """
    if overage == BLOCK:
        return 0
    if overage == ALLOW:
        return None
    if overage.startswith(PERCENT):
        return seats * int(overage.removeprefix(PERCENT)) // 100
    msg = f"overage is {overage!r}; it can be block, percent:N or allow"
    raise ValueError(msg)


def total_overage(parts: Iterable[int | None]) -> int | None:
    """The overage of several terms together: their sum; one without a limit lifts it."""
    total = 0
    for part in parts:
        if part is None:
            return None
        total += part
    return total
