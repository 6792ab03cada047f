"""Files that reporting made by schedule: told once to each of those who are to have one."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_contracts.reporting import ExportReady
from usher_kit.ids import new_id
from usher_notifications.domain.deliveries import Delivery
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import useful_until
from usher_notifications.store.exports import keep_files
from usher_notifications.use_cases.deliveries import make_deliveries

ONE_NOTICE = 1
"""The version under which a file is told of: there is no other."""


async def note_exports(conn: AsyncConnection, events: Sequence[Event[ExportReady]], at: datetime) -> int:
    """Keep what was made; tell each recipient once, and of what is old nobody. Answers how many files were news."""
    told = {event.data.id: event for event in events}
    news = await keep_files(conn, list(told.values()))
    fresh = [told[id_] for id_ in sorted(news) if at < useful_until(Kind.EXPORT_READY, told[id_].time)]
    deliveries = [to_delivery(event, recipient, at) for event in fresh for recipient in event.data.recipients]
    await make_deliveries(conn, deliveries, at)
    return len(news)


def to_delivery(event: Event[ExportReady], recipient: UUID, at: datetime) -> Delivery:
    """To one of those who are to have the file; nothing of it is undone, so it goes at once."""
    file = event.data
    return Delivery(
        tenant_id=file.tenant_id,
        id=new_id(),
        kind=Kind.EXPORT_READY,
        subject=file.subject,
        subject_version=ONE_NOTICE,
        org_id=file.org_id,
        recipient_tenant_id=file.tenant_id,
        recipient=recipient,
        send_at=at,
        useful_until=useful_until(Kind.EXPORT_READY, event.time),
        cause=Cause.of(event).model_dump_json(),
    )
