"""Blocks: what keeps a person from a seat though a role calls for it, until it is lifted (seats: Seat states)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from usher_entitlements.domain.grants import Call
from usher_entitlements.domain.seats import Reason, Seat, SeatState


@dataclass(frozen=True, slots=True)
class Block:
    """Take an open seat from a person, and keep them from it until the block is lifted."""

    state: SeatState
    reason: Reason


WITHHOLD = Block(SeatState.WITHHELD, Reason.MANUAL)
RECLAIM = Block(SeatState.RELEASED, Reason.INACTIVITY)


@dataclass(frozen=True, slots=True)
class Lift:
    """Lift a block: the person wants the seat again since `at`."""

    at: datetime
    reason: Reason
    first_in_line: bool = False


def lift_by_role(seat: Seat, calling: Sequence[Call]) -> Lift | None:
    """What a calling role that was given after the block does to it: the earliest such role lifts it.

    A rule that begins to call later lifts nothing: it was not made for this person.
    """
    if seat.blocked_at is None:
        return None
    later = [call.held_since for call in calling if call.held_since > seat.blocked_at]
    return Lift(min(later), Reason.ROLE_GRANTED) if later else None
