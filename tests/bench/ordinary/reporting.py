"""The ordinary reporting: seats, claims and headcounts, one message a transaction."""

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from tests.bench.ordinary.broker import Program, mapped
from tests.bench.ordinary.people import keep_person

from usher_contracts.entitlements import PoolChanged, SeatChanged
from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_reporting.domain.headcount import COMBINED, COMBINED_OF
from usher_reporting.tables import CLAIM, HEADCOUNT, METADATA, POOL, SEAT

PROGRAM = Program("reporting")
Claim, Pool, Seat, Person = (mapped(table) for table in (CLAIM, POOL, SEAT, METADATA.tables["person"]))
LOCK = text("select pg_advisory_xact_lock(hashtextextended(:person, 0))")
NOBODY = dict.fromkeys(("assigned", "waitlisted", "suspended", "active", "inactive", "never_used", "unknown"), 0)


@PROGRAM.subscribes(UserChanged)
async def keep_people(event: Event[UserChanged]) -> None:
    async with PROGRAM.sessions() as session, session.begin():
        await keep_person(session, Person, event.data)


@PROGRAM.subscribes(SeatChanged)
async def keep_seat(event: Event[SeatChanged]) -> None:
    """Keep the seat and its line of history, and count it."""
    fact = event.data
    async with PROGRAM.sessions() as session, session.begin():
        seats = await lock_seats(session, fact)
        seat = seats.get(fact.product)
        if seat is not None and seat.version >= fact.version:
            return
        session.add(to_claim(event))
        before = combined_state(seats)
        if seat is None:
            seat = new_seat(fact)
            session.add(seat)
            seats[fact.product] = seat
        was, seat.state = seat.state, fact.state
        seat.version, seat.org_id, seat.pool_id = fact.version, fact.org_id, fact.pool_id
        seat.since, seat.assigned_since = fact.since, fact.assigned_since
        await session.flush()
        # In the order of their names, so that two handlers never wait for each other.
        await count(session, fact, COMBINED, before, combined_state(seats))
        await count(session, fact, fact.product, was, seat.state)


@PROGRAM.subscribes(PoolChanged)
async def keep_pool(event: Event[PoolChanged]) -> None:
    fact = event.data
    async with PROGRAM.sessions() as session, session.begin():
        pool = await session.get(Pool, (fact.tenant_id, fact.id), with_for_update=True)
        if pool is None:
            pool = Pool()
            session.add(pool)
        elif pool.version >= fact.version:
            return
        for name, value in fact:
            if name in POOL.columns:
                setattr(pool, name, value)


async def lock_seats(session: AsyncSession, fact: SeatChanged) -> dict[str, Any]:
    """The seats of the fact's person, by product; the person is locked, known or not: both seats count as one once."""
    await session.execute(LOCK, {"person": str(fact.user_id)})
    rows = await session.scalars(select(Seat).where(Seat.tenant_id == fact.tenant_id, Seat.user_id == fact.user_id))
    return {seat.product: seat for seat in rows}


def new_seat(fact: SeatChanged) -> Any:
    return Seat(
        tenant_id=fact.tenant_id,
        user_id=fact.user_id,
        product=fact.product,
        version=0,
        state="none",
        activity_version=0,
        activity="unknown",
    )


def combined_state(seats: dict[str, Any]) -> str:
    """Assigned who holds a seat of both; who waits for one of them does not occur in a flow."""
    return "assigned" if all(one in seats and seats[one].state == "assigned" for one in COMBINED_OF) else "none"


async def count(session: AsyncSession, fact: SeatChanged, product: str, was: str, is_now: str) -> None:
    """Count one person from one state to another, in the place where they are."""
    if was == is_now:
        return
    by = dict(NOBODY)
    for state, one in ((was, -1), (is_now, 1)):
        if state in by:
            by[state] += one
        if state == "assigned":
            by["unknown"] += one
    kept = HEADCOUNT.columns
    await session.execute(
        insert(HEADCOUNT)
        .values(tenant_id=fact.tenant_id, org_id=fact.org_id, product=product, **by)
        .on_conflict_do_update(
            index_elements=["tenant_id", "org_id", "product"],
            set_={figure: kept[figure] + difference for figure, difference in by.items() if difference},
        )
    )


def to_claim(event: Event[SeatChanged]) -> Any:
    fact = event.data
    return Claim(
        tenant_id=fact.tenant_id,
        user_id=fact.user_id,
        product=fact.product,
        version=fact.version,
        previous_version=fact.previous_version,
        at=event.time,
        org_id=fact.org_id,
        pool_id=fact.pool_id,
        kind=fact.claim,
        reason=fact.reason,
        from_state=fact.from_state,
        state=fact.state,
        actor=event.actor,
        message_id=event.id,
        causation_id=event.causationid,
        correlation_id=event.correlationid,
        changeset=event.changeset,
        is_void=False,
    )


async def main() -> None:
    await PROGRAM.run()
