"""Seating: what new facts about people do to their seats, for one person as for a thousand (seats: Seat states)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from usher_entitlements.domain.allocation import allocate
from usher_entitlements.domain.blocks import Block, Lift, hold, impose, judge, lift
from usher_entitlements.domain.grants import Call, Rules, calls, want
from usher_entitlements.domain.people import Person
from usher_entitlements.domain.pools import Pool, tally
from usher_entitlements.domain.reasons import why_came, why_left
from usher_entitlements.domain.seats import Reason, Seat, SeatChange, SeatState, change, unseated


@dataclass(frozen=True, slots=True)
class Case:
    """A person to decide about: as last decided, and as now known."""

    before: Person | None
    after: Person
    products: frozenset[str] | None = None
    """The products to consider; None is all."""
    because: Mapping[str, Reason] = field(default_factory=dict)
    """By product, the reason where the configuration changed and not the person."""
    acts: Mapping[str, Block | Lift] = field(default_factory=dict)
    """By product, what is done to the person's seat by hand, for inactivity, or by a return."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the decision about a batch of one tenant's people rests on, as read under its locks."""

    rules: Rules
    serves: Mapping[tuple[UUID, str], UUID]
    """(organization, product) to the pool that serves it."""
    pools: Mapping[UUID, Pool]
    seats: Mapping[UUID, Mapping[str, Seat]]
    """By person, then product."""
    waiting: Mapping[UUID, Sequence[Seat]] = field(default_factory=dict)
    """By pool, the first in line: as many as there is room, and as many more as this batch has seats in the pool."""
    listed: Mapping[UUID, int] = field(default_factory=dict)
    """By pool, how many people a change of the configuration left to be considered, in order of place."""


@dataclass(frozen=True, slots=True)
class Seating:
    """What was decided: seats with a new version, seats at another place in line, pools with their new figures."""

    changes: Sequence[SeatChange]
    placed: Sequence[Seat]
    deferred: Sequence[tuple[Seat, Reason]]
    """Newcomers to a pool that others with an older claim are still to be considered for: they join that list."""
    pools: Mapping[UUID, Pool]


Newcomer = tuple[Seat, Reason]


@dataclass(slots=True)
class _Plan:
    left: list[SeatChange] = field(default_factory=list)
    came: dict[UUID, list[Newcomer]] = field(default_factory=lambda: defaultdict(list))
    stay: dict[UUID, list[Seat]] = field(default_factory=lambda: defaultdict(list))
    placed: dict[tuple[UUID, str], Seat] = field(default_factory=dict)
    considered: set[tuple[UUID, str]] = field(default_factory=set)

    def place(self, seat: Seat) -> None:
        self.placed[seat.user_id, seat.product] = seat


def decide_seating(situation: Situation, cases: Sequence[Case], at: datetime) -> Seating:
    """Release who no longer wants a seat, then allocate: newcomers and those who wait, in one line a pool.

    Whoever has a seat in the pool that serves them keeps it unchecked.
    """
    plan = _Plan()
    for case in cases:
        seats = situation.seats.get(case.after.id, {})
        for product in sorted(case.products or situation.rules.keys() | seats.keys()):
            _consider(plan, situation, case, product, seats.get(product), at)
    pools = tally(situation.pools, plan.left)
    seated: list[SeatChange] = []
    deferred: list[Newcomer] = []
    for key, pool in pools.items():
        came, later = _in_turn(pool, plan.came.get(key, []), situation.listed.get(key, 0))
        others = [s for s in situation.waiting.get(key, ()) if (s.user_id, s.product) not in plan.considered]
        seated += _seat_in_line(pool, came, [*plan.stay.get(key, ()), *others], at)
        deferred += later
    changed = {(made.seat.user_id, made.seat.product) for made in [*plan.left, *seated]}
    placed = [seat for key, seat in plan.placed.items() if key not in changed]
    return Seating([*plan.left, *seated], placed, deferred, tally(pools, seated))


def _consider(plan: _Plan, situation: Situation, case: Case, product: str, seat: Seat | None, at: datetime) -> None:
    person, act = case.after, case.acts.get(product)
    plan.considered.add((person.id, product))
    calling = calls(situation.rules, person, product)
    if isinstance(act, Block):
        _take(plan, situation, seat, act, calling, at)
        return
    otherwise = case.because.get(product, Reason.POOL_CHANGED)
    why = why_came(case.before, person, situation.rules, product, otherwise)
    if seat is not None and seat.blocked_at is not None:
        was_blocked, seat = seat.blocked_since is not None, _judge(plan, seat, act, calling)
        if seat.blocked_since is not None:
            _keep_blocked(plan, situation, seat, at)
            return
        if was_blocked:
            why = act.reason if act else Reason.ROLE_GRANTED
    pool_id = situation.serves.get((person.org_id, product))
    wanted = want(person, calling, seat.lifted_at if seat is not None else None)
    if seat is not None and seat.state.is_open:
        if wanted is not None and seat.pool_id == pool_id:
            _stay(plan, seat, seat.placed(wanted, calling[0].role, person.org_id))
            return
        # To another pool is a release and an allocation: two versions of the seat, for one reason.
        why = why_left(case.before, person, situation.rules, product, otherwise)
        seat = _leave(plan, seat, why, situation.pools[seat.pool_id].moment(at))
    if wanted is not None and pool_id is not None:
        role = calling[0].role
        if seat is None:
            new = unseated(person.tenant_id, person.org_id, product, pool_id, wanted, role, at)
        else:
            new = replace(seat, pool_id=pool_id).placed(wanted, role, person.org_id)
        plan.came[pool_id].append((new, why))
    elif seat is not None:
        _give_up(plan, seat, why, at)


def _take(
    plan: _Plan, situation: Situation, seat: Seat | None, act: Block, calling: Sequence[Call], at: datetime
) -> None:
    if seat is not None and seat.state.is_open:
        plan.left.append(impose(seat, act, calling, situation.pools[seat.pool_id].moment(at)))


def _judge(plan: _Plan, seat: Seat, act: Lift | None, calling: Sequence[Call]) -> Seat:
    judged = judge(lift(seat, act) if act else seat, calling)
    if judged is not seat:
        plan.place(judged)
    return judged


def _keep_blocked(plan: _Plan, situation: Situation, seat: Seat, at: datetime) -> None:
    """Nothing happens to who is kept from a seat; whom a role had given it back loses it with that role."""
    moment = situation.pools[seat.pool_id].moment(at) if seat.state.is_open else at
    if made := hold(seat, moment):
        plan.left.append(made)


def _leave(plan: _Plan, seat: Seat, why: Reason, at: datetime) -> Seat:
    left = change(seat, SeatState.RELEASED, why, at)
    plan.left.append(left)
    return left.seat


def _give_up(plan: _Plan, seat: Seat, why: Reason, at: datetime) -> None:
    """A seat that is not held and not wanted: what was withheld is released with the lifting, a place of honor ends."""
    if seat.state is SeatState.WITHHELD:
        _leave(plan, seat, why, at)
    elif seat.first_in_line:
        plan.place(replace(seat, first_in_line=False))


def _stay(plan: _Plan, seat: Seat, placed: Seat) -> None:
    if placed is not seat:
        plan.place(placed)
    if placed.state is SeatState.WAITLISTED:
        plan.stay[placed.pool_id].append(placed)


def _in_turn(pool: Pool, came: list[Newcomer], listed: int) -> tuple[list[Newcomer], list[Newcomer]]:
    """Newcomers to decide now, and later. Nobody goes ahead of people on the list for a seat that both could want."""
    return (came, []) if not listed or pool.room.fits(listed + len(came)) else ([], came)


def _seat_in_line(pool: Pool, came: Sequence[Newcomer], waiting: Sequence[Seat], at: datetime) -> list[SeatChange]:
    """One line of newcomers and waiting people: who is first is seated; a late arrival unseats nobody."""
    if not came and (pool.room.is_none or not waiting):
        return []
    new = {seat.user_id: (seat, why) for seat, why in came}
    known = {seat.user_id: seat for seat in waiting}
    allocation = allocate(pool.room, [*(seat.want for seat, _ in came), *(seat.want for seat in waiting)])
    moment = pool.moment(at)
    made: list[SeatChange] = []
    for place in allocation.seated:
        seat, why = new.get(place.user_id) or (known[place.user_id], Reason.SEAT_FREED)
        made.append(change(seat, SeatState.ASSIGNED, why, moment))
    for place in allocation.waiting:
        if place.user_id in new:
            seat, why = new[place.user_id]
            made.append(change(seat, SeatState.WAITLISTED, why, moment))
    return made
