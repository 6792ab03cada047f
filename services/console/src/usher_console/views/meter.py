"""The capacity meter's geometry: seats in use and people waiting, against the seats that there are."""

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_VISIBLE = 1.5


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar: where it begins and how wide it is, in percent of the bar."""

    kind: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Meter:
    """Parts in order, and where the seats end when demand goes beyond them (percent; None: at the bar's end)."""

    parts: tuple[Part, ...]
    mark: float | None


def capacity_meter(total: int, assigned: int, *, waiting: int = 0, elsewhere: int = 0) -> Meter:
    """A bar as wide as the greater of seats and demand.

    `elsewhere` are seats of the same pool held by people of other organizations.
    """
    demand = assigned + elsewhere + waiting
    within = min(assigned, total)
    sizes = (("seated", within), ("elsewhere", elsewhere), ("beyond", assigned - within), ("waiting", waiting))
    mark = 100 * total / demand if 0 < total < demand else None
    return Meter(bar(sizes, max(total, demand)), mark)


def bar(sizes: Sequence[tuple[str, int]], whole: int) -> tuple[Part, ...]:
    """Lay sizes end to end over `whole`; what is there at all stays wide enough to be seen."""
    parts: list[Part] = []
    start = 0.0
    for kind, size in sizes:
        if size > 0 and whole > 0:
            width = round(max(100 * size / whole, LEAST_VISIBLE), 2)
            parts.append(Part(kind, round(min(start, 100 - LEAST_VISIBLE), 2), width))
            start += width
    return tuple(parts)
