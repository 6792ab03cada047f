"""Allocation: who gets the free seats of a pool, and who waits. Every way into a seat comes through here."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

Place = tuple[bool, int, bool, int, datetime, UUID]

UNORDERED = 2**31 - 1
"""The explicit order of those for whom no administrator has said one: after all who have one."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many more seats a pool can give. `None` is no limit (overage `allow`)."""

    free: int | None

    @classmethod
    def of(cls, capacity: int, assigned: int, *, extra: int | None = 0, open_to_new: bool = True) -> "Room":
        """Room left by `capacity` plus `extra` seats of overage; none where nobody new is seated (seats: Capacity)."""
        if not open_to_new:
            return cls(0)
        if extra is None:
            return cls(None)
        return cls(max(0, capacity + extra - assigned))

    @property
    def is_none(self) -> bool:
        return self.free == 0

    def fits(self, people: int) -> bool:
        """Whether this many people can be seated, whatever their order."""
        return self.free is None or people <= self.free

    def at_most(self, people: int) -> int:
        """How many of `people` can be seated."""
        return people if self.free is None else min(people, self.free)


@dataclass(frozen=True, slots=True)
class Want:
    """One person's claim to a place in line; orders as the waitlist does (seats: Seat states)."""

    user_id: UUID
    since: datetime
    """`wanted_since`, or for whom is `restored`, and has no other place, `assigned_since` of the unbroken holding."""
    priority: int = 0
    first_in_line: bool = False
    restored: bool = False
    order: int | None = None
    """The place that an administrator gave by hand, from 1."""

    @property
    def place(self) -> Place:
        # Who held a seat until the license ran out comes before all who never had one, in order of first assignment.
        order = UNORDERED if self.order is None else self.order
        return (not self.restored, order, not self.first_in_line, self.priority, self.since, self.user_id)


@dataclass(frozen=True, slots=True)
class Allocation:
    """The outcome for a line: both parts in order of place."""

    seated: Sequence[Want]
    waiting: Sequence[Want]


def allocate(room: Room, wants: Iterable[Want]) -> Allocation:
    """Seat the first in line while there is room; the others wait, in order."""
    line = sorted(wants, key=lambda want: want.place)
    cut = room.at_most(len(line))
    return Allocation(seated=line[:cut], waiting=line[cut:])


def seats_short(room_with: Callable[[int], Room], line: Sequence[Want], user_id: UUID) -> int:
    """The least number of seats, from 0, with whose room `allocate` seats this person of the line.

    More seats seat whoever fewer seats do, so the least is found by doubling, then by halving.
    """

    def is_seated(seats: int) -> bool:
        return any(want.user_id == user_id for want in allocate(room_with(seats), line).seated)

    enough = 1
    while not is_seated(enough):
        enough *= 2
    return bisect_left(range(enough), 1, key=is_seated)
