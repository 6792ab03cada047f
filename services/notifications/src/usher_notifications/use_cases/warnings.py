"""Holders who are warned that their seat will be taken back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event, latest
from usher_contracts.usage import SeatActivityChanged
from usher_kit.ids import new_id
from usher_notifications.domain.deliveries import Delivery
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import hold, useful_until
from usher_notifications.store.warnings import keep_activity
from usher_notifications.use_cases.deliveries import make_deliveries


async def note_warnings(conn: AsyncConnection, events: Sequence[Event[SeatActivityChanged]], at: datetime) -> int:
    """Keep whether reclaims are in sight; tell those who are warned of one, each warning once.

    The very first fact of a seat is older than all others: without a reclaim there is nothing to remember of it.
    """
    current = latest(events)
    telling = [event for event in current if event.data.version > 1 or event.data.reclaim_due]
    if not telling:
        return len(current)
    news = await keep_activity(conn, [event.data for event in telling])
    new = [event for event in telling if (event.data.user_id, event.data.product) in news]
    warned = [(event, event.data.warned_since) for event in new if event.data.reclaim_due]
    fresh = [(event, since) for event, since in warned if since and at < useful_until(Kind.RECLAIM_WARNING, since)]
    await make_deliveries(conn, [to_warning(event, since, at, len(fresh)) for event, since in fresh], at)
    return len(current) - len(telling) + len(new)


def to_warning(event: Event[SeatActivityChanged], warned_since: datetime, at: datetime, new: int) -> Delivery:
    """To the holder: the seat will be taken back. It is the subject; the time of the warning says which."""
    seat = event.data
    return Delivery(
        tenant_id=seat.tenant_id,
        id=new_id(),
        kind=Kind.RECLAIM_WARNING,
        subject=seat.subject,
        subject_version=int(warned_since.timestamp()),
        org_id=seat.org_id,
        recipient_tenant_id=seat.tenant_id,
        recipient=seat.user_id,
        send_at=at + hold(new),
        useful_until=useful_until(Kind.RECLAIM_WARNING, warned_since),
        cause=Cause.of(event).model_dump_json(),
    )
