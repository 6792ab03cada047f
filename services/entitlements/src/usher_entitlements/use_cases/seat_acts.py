"""Acts on single seats: withheld and given back by hand, reclaimed for inactivity, given back for a login."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event, latest
from usher_contracts.usage import SeatActivityChanged
from usher_entitlements.domain.blocks import RECLAIM, WITHHOLD, Block, Lift
from usher_entitlements.domain.inactivity import RECLAIM_AFTER, Activity, give_back, is_due
from usher_entitlements.domain.people import Person
from usher_entitlements.domain.seating import Case
from usher_entitlements.domain.seats import Reason, Seat
from usher_entitlements.store.activities import Named, Pair, find_due, find_reclaimed, lock_activities, save_activities
from usher_entitlements.store.seats import load_seats
from usher_entitlements.use_cases.acts import reclaims, write_down
from usher_entitlements.use_cases.desk import Desk, call_line, decide, lay_for_people, save
from usher_entitlements.use_cases.pass_time import hold_configurations
from usher_kit.conditional import check_match, etag
from usher_kit.database import Contended
from usher_kit.errors import Conflict, NotFound

Acts = Mapping[UUID, Mapping[str, Block | Lift]]
"""By person, then product."""


async def withhold(
    conn: AsyncConnection, person: Person, product: str, note: str, if_match: str | None, at: datetime, cause: Cause
) -> Seat:
    """Take an open seat from a person by hand, though a role calls for it, until the block is lifted.

    Raises NotFound where they have none, Conflict where it is not open, Stale where it is not as `if_match`
    says.
    """
    desk = await lay_for_seats(conn, [Named(person.tenant_id, person.id, product, person.org_id)], at)
    seat = seat_at(desk, person.id, product, if_match)
    if not seat.state.is_open:
        raise Conflict(f"The seat is {seat.state}; only one that is held, awaited or suspended can be withheld.")
    return await act_on_one(conn, desk, seat, WITHHOLD, note, at, cause)


async def lift(
    conn: AsyncConnection, person: Person, product: str, note: str, if_match: str | None, at: datetime, cause: Cause
) -> Seat:
    """Lift what keeps a person from a seat, a withholding or a reclaim; who still wants it is seated or waits.

    Raises NotFound where they have none, Conflict where nothing blocks it, Stale where it is not as
    `if_match` says.
    """
    desk = await lay_for_seats(conn, [Named(person.tenant_id, person.id, product, person.org_id)], at)
    seat = seat_at(desk, person.id, product, if_match)
    if seat.blocked_since is None:
        raise Conflict(f"Nothing blocks this seat: it is {seat.state}.")
    return await act_on_one(conn, desk, seat, Lift(max(at, seat.blocked_since), Reason.MANUAL), note, at, cause)


async def keep_activity(conn: AsyncConnection, events: Sequence[Event[SeatActivityChanged]], at: datetime) -> int:
    """Keep what usage says of seats; a login that came in time, or comes after the reclaim, gives the seat back."""
    current = {(e.data.user_id, e.data.product): e for e in latest(events)}
    known = await save_activities(conn, [to_activity(event.data) for event in current.values()])
    # Only a login or a wish gives a seat back: what says neither, as of a whole new district, asks for nothing more.
    facts = {pair: current[pair].data for pair in known}
    news = [pair for pair, fact in facts.items() if fact.last_login_at is not None or fact.kept_until is not None]
    tenants = sorted({event.tenantid for event in current.values()})
    reclaimed = await find_reclaimed(conn, tenants, news) if news else []
    if not reclaimed:
        return len(known)
    desk = await lay_for_seats(conn, reclaimed, at)
    lifts: dict[UUID, dict[str, Block | Lift]] = {}
    for one in reclaimed:
        now = to_activity(current[one.user_id, one.product].data)
        login, kept = known[one.user_id, one.product]
        before = replace(now, last_login_at=login, kept_until=kept)
        if given := give_back(desk.seats[one.user_id][one.product], before, now):
            lifts.setdefault(one.user_id, {})[one.product] = given
    causes = {e.data.user_id: Cause.of(e) for e in current.values() if e.data.user_id in lifts}
    await act_on_seats(conn, desk, lifts, causes, at)
    return len(known)


async def reclaim_due(conn: AsyncConnection, at: datetime, most: int) -> int:
    """Reclaim seats that have been due for an hour, unless their holders came or keep them. Answers how many."""
    due = await find_due(conn, at - RECLAIM_AFTER, at, most)
    if not due:
        return 0
    desk = await lay_for_seats(conn, due, at)
    pairs: list[Pair] = [(one.user_id, one.product) for one in due]
    told = await lock_activities(conn, list(desk.configurations), pairs)
    acts: dict[UUID, dict[str, Block | Lift]] = {}
    for user, product in pairs:
        if is_due(desk.seats[user][product], told[user, product], at):
            acts.setdefault(user, {})[product] = RECLAIM
    await act_on_seats(conn, desk, acts, dict.fromkeys(acts, Cause()), at)
    taken = [desk.seats[user][product] for user, own in acts.items() for product in own]
    await write_down(conn, reclaims(desk.pools, taken), at, Cause())
    return len(taken)


async def lay_for_seats(conn: AsyncConnection, named: Sequence[Named], at: datetime) -> Desk:
    """The desk for the people of these seats. Raises Contended where one was moved before they were locked."""
    configurations = await hold_configurations(conn, sorted({one.tenant_id for one in named}), at)
    users = {one.user_id: one.tenant_id for one in named}
    desk = await lay_for_people(conn, configurations, users, [one.org_id for one in named])
    if any(desk.people[one.user_id].org_id != one.org_id for one in named):
        raise Contended("a person was moved meanwhile")
    return desk


async def act_on_one(
    conn: AsyncConnection, desk: Desk, seat: Seat, act: Block | Lift, note: str, at: datetime, cause: Cause
) -> Seat:
    """Do one act by hand. Answers the seat as it leaves it."""
    user, product = seat.user_id, seat.product
    await act_on_seats(conn, desk, {user: {product: act}}, {user: cause}, at, notes={user: note})
    return (await load_seats(conn, {user: seat.tenant_id}))[user][product]


async def act_on_seats(
    conn: AsyncConnection,
    desk: Desk,
    acts: Acts,
    causes: Mapping[UUID, Cause],
    at: datetime,
    *,
    notes: Mapping[UUID, str] | None = None,
) -> None:
    """Do these acts, and give what they free to those who wait, in the same transaction."""
    people = [desk.people[user] for user in acts]
    cases = [Case(person, person, frozenset(acts[person.id]), acts=acts[person.id]) for person in people]
    seating = decide(await call_line(conn, desk, cases), cases, at)
    await save(conn, desk, seating, causes, at, notes=notes or {})


def seat_at(desk: Desk, user_id: UUID, product: str, if_match: str | None) -> Seat:
    """A person's seat. Raises NotFound where there is none, Stale where it is not as `if_match` says."""
    seat = desk.seats.get(user_id, {}).get(product)
    if seat is None:
        raise NotFound(f"This person never had a seat of {product}.")
    check_match(if_match, etag(seat.version))
    return seat


def to_activity(fact: SeatActivityChanged) -> Activity:
    """A fact as what is known of a seat."""
    return Activity(
        fact.tenant_id,
        fact.user_id,
        fact.product,
        fact.version,
        fact.activity,
        fact.assigned_since,
        fact.last_login_at,
        fact.reclaim_due,
        fact.kept_until,
    )
