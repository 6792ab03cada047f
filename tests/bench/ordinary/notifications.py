"""The ordinary notifications: keeps people and seats, one a transaction. Nobody of a flow waits: it sends nothing."""

from tests.bench.ordinary.broker import Program, mapped
from tests.bench.ordinary.people import keep_person

from usher_contracts.entitlements import SeatChanged
from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_notifications.tables import METADATA, SEAT

PROGRAM = Program("notifications")
Person, Seat = mapped(METADATA.tables["person"]), mapped(SEAT)


@PROGRAM.subscribes(UserChanged)
async def keep_people(event: Event[UserChanged]) -> None:
    async with PROGRAM.sessions() as session, session.begin():
        await keep_person(session, Person, event.data)


@PROGRAM.subscribes(SeatChanged)
async def keep_seat(event: Event[SeatChanged]) -> None:
    fact = event.data
    async with PROGRAM.sessions() as session, session.begin():
        seat = await session.get(Seat, (fact.tenant_id, fact.user_id, fact.product), with_for_update=True)
        if seat is None:
            seat = Seat(tenant_id=fact.tenant_id, user_id=fact.user_id, product=fact.product)
            session.add(seat)
        elif seat.version >= fact.version:
            return
        seat.org_id, seat.state, seat.since, seat.version = fact.org_id, fact.state, fact.since, fact.version


async def main() -> None:
    await PROGRAM.run()
