"""The ordinary usage: how each seat is used, one seat a transaction.

It decides as the product does where no source of logins is connected: that is unknown.
"""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from tests.bench.ordinary.broker import Program, mapped
from tests.bench.ordinary.people import keep_person

from usher_contracts.entitlements import SeatChanged
from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_usage.tables import LAST_LOGIN, METADATA, SEAT, SEAT_ACTIVITY, SOURCE

PROGRAM = Program("usage")
Source, Seat, SeatActivity = (mapped(table) for table in (SOURCE, SEAT, SEAT_ACTIVITY))
Person = mapped(METADATA.tables["person"])


@PROGRAM.subscribes(UserChanged)
async def keep_people(event: Event[UserChanged]) -> None:
    async with PROGRAM.sessions() as session, session.begin():
        await keep_person(session, Person, event.data)


@PROGRAM.subscribes(SeatChanged)
async def watch_seat(event: Event[SeatChanged]) -> None:
    """Keep the seat, and how it is used; that nothing is known of it goes without saying."""
    async with PROGRAM.sessions() as session, session.begin():
        await judge(session, event)


async def judge(session: AsyncSession, event: Event[SeatChanged]) -> None:
    fact, at = event.data, datetime.now(UTC)
    key = (fact.tenant_id, fact.user_id, fact.product)
    # The person's row is what their seats are judged under, two of them at once or not.
    await session.execute(
        insert(LAST_LOGIN).values(tenant_id=fact.tenant_id, user_id=fact.user_id).on_conflict_do_nothing()
    )
    seat = await session.get(Seat, key, with_for_update=True)
    if seat is not None and seat.version >= fact.version:
        return
    if seat is None:
        seat = Seat(tenant_id=fact.tenant_id, user_id=fact.user_id, product=fact.product)
        session.add(seat)
    seat.org_id, seat.state, seat.reason, seat.version = fact.org_id, fact.state, fact.reason, fact.version
    seat.is_return = fact.reason == "returned"
    seat.assigned_since = fact.assigned_since or fact.since
    source = await session.scalar(select(Source).where(Source.tenant_id == fact.tenant_id).limit(1))
    told = await session.get(SeatActivity, key)
    if fact.state != "assigned" or told is not None or source is not None:
        return
    activity = SeatActivity(
        tenant_id=fact.tenant_id,
        user_id=fact.user_id,
        product=fact.product,
        org_id=fact.org_id,
        activity="unknown",
        since=seat.assigned_since,
        assigned_since=seat.assigned_since,
        told_at=at,
        version=0,
    )
    session.add(activity)


async def main() -> None:
    await PROGRAM.run()
