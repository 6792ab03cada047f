"""Who begins to wait for a seat: told at once themselves, and by the hour to their administrators."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import SeatChanged
from usher_contracts.envelope import Cause, Event, latest
from usher_kit.ids import new_id
from usher_notifications.domain.deliveries import Delivery
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import hold, next_digest, useful_until
from usher_notifications.store.digests import lock_digests, save_digests
from usher_notifications.store.people import Administrator, find_administrators
from usher_notifications.store.waiting import keep_seats
from usher_notifications.use_cases.deliveries import make_deliveries


async def note_waiting(conn: AsyncConnection, events: Sequence[Event[SeatChanged]], at: datetime) -> int:
    """Keep seats; tell who begins to wait, and those who administer their organizations."""
    current = latest(events)
    kept, began_to_wait = await keep_seats(conn, [event.data for event in current])
    began = {(seat.user_id, seat.product) for seat in began_to_wait}
    new = [event for event in current if (event.data.user_id, event.data.product) in began]
    fresh = [event for event in new if at < useful_until(Kind.WAITLISTED, event.data.since)]
    if fresh:
        await make_deliveries(conn, [to_waitlisted(event, at, len(fresh)) for event in fresh], at)
        await tell_administrators(conn, fresh, at)
    return kept


async def tell_administrators(conn: AsyncConnection, events: Sequence[Event[SeatChanged]], at: datetime) -> None:
    """See that each administrator concerned has a digest ahead which will count these people."""
    by_org = await find_administrators(conn, [event.data.org_id for event in events])
    causes = {one: event for event in events for one in by_org.get(event.data.org_id, ())}
    last = await lock_digests(conn, sorted(causes, key=lambda one: (one.tenant_id, one.id))) if causes else {}
    digests = [
        to_digest(one, cause, due, at)
        for one, cause in causes.items()
        if (due := next_digest(last.get(one.id), at, hold(len(events))))
    ]
    await save_digests(conn, await make_deliveries(conn, digests, at))


def to_waitlisted(event: Event[SeatChanged], at: datetime, new: int) -> Delivery:
    """To the person: they wait. Their seat is the subject, its version the state of it."""
    seat = event.data
    return Delivery(
        tenant_id=seat.tenant_id,
        id=new_id(),
        kind=Kind.WAITLISTED,
        subject=seat.subject,
        subject_version=seat.version,
        org_id=seat.org_id,
        recipient_tenant_id=seat.tenant_id,
        recipient=seat.user_id,
        send_at=at + hold(new),
        useful_until=useful_until(Kind.WAITLISTED, seat.since),
        cause=Cause.of(event).model_dump_json(),
    )


def to_digest(one: Administrator, cause: Event[SeatChanged], due: datetime, at: datetime) -> Delivery:
    """To an administrator: who waits. Their organization is the subject, the time it is due for the state of it."""
    return Delivery(
        tenant_id=one.tenant_id,
        id=new_id(),
        kind=Kind.WAITLIST_DIGEST,
        subject=str(one.org_id),
        subject_version=int(due.timestamp()),
        org_id=one.org_id,
        recipient_tenant_id=one.tenant_id,
        recipient=one.id,
        send_at=due,
        useful_until=useful_until(Kind.WAITLIST_DIGEST, max(at, due)),
        cause=Cause.of(cause).model_dump_json(),
    )
