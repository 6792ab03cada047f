"""Blocks: what keeps a person from a seat though a role calls for it, until it is lifted (seats: Seat states)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from usher_entitlements.domain.grants import Call
from usher_entitlements.domain.seats import Reason, Seat, SeatChange, SeatState, change


@dataclass(frozen=True, slots=True)
class Block:
    """Take an open seat from a person, and keep them from it: it stays in `state`, for `reason`."""

    state: SeatState
    reason: Reason


WITHHOLD = Block(SeatState.WITHHELD, Reason.MANUAL)
RECLAIM = Block(SeatState.RELEASED, Reason.INACTIVITY)
_BY_REASON = {block.reason: block for block in (WITHHOLD, RECLAIM)}


@dataclass(frozen=True, slots=True)
class Lift:
    """Lift a block for good: the person wants the seat again since `at`."""

    at: datetime
    reason: Reason
    first_in_line: bool = False


def impose(seat: Seat, block: Block, calling: Sequence[Call], at: datetime) -> SeatChange:
    """Take an open seat. The roles that call now are none that are given later, whatever the clock of who gave them."""
    made = change(seat, block.state, block.reason, at)
    blocked_at = max([made.seat.since, *(call.held_since for call in calling)])
    taken = replace(made.seat, blocked_at=blocked_at, blocked_for=block.reason, lifted_at=None, given_back_at=None)
    return replace(made, seat=taken)


def lift(seat: Seat, act: Lift) -> Seat:
    """The seat with its block lifted for good. Who waits, or comes to, is first in line where the act says so."""
    honored = act.first_in_line and seat.state not in (SeatState.ASSIGNED, SeatState.SUSPENDED)
    return replace(seat, given_back_at=act.at, first_in_line=seat.first_in_line or honored)


def judge(seat: Seat, calling: Sequence[Call]) -> Seat:
    """The seat with its block as it stands by the roles that call now, whatever was heard before.

    It is lifted by an act or a login, and by a calling role that was given later, for as long as that one calls;
    since the earliest of them. A rule that begins to call later lifts nothing: it was not made for this person.
    """
    if seat.blocked_at is None:
        return seat
    lifts = [call.held_since for call in calling if call.held_since > seat.blocked_at]
    if seat.given_back_at is not None:
        lifts.append(seat.given_back_at)
    lifted_at = min(lifts, default=None)
    return seat if lifted_at == seat.lifted_at else replace(seat, lifted_at=lifted_at)


def hold(seat: Seat, at: datetime) -> SeatChange | None:
    """How a blocked seat comes to stand as its block says again; None where it does."""
    block = _BY_REASON[seat.blocked_for] if seat.blocked_for else None
    if block is None or (seat.state, seat.reason) == (block.state, block.reason):
        return None
    return change(seat, block.state, block.reason, at)
