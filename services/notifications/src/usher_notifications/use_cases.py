"""What notifications does with facts: keeps what notices need, and makes the deliveries that are due."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import LicenseTermNotice, SeatChanged
from usher_contracts.envelope import Cause, Event, latest
from usher_contracts.identity import UserChanged, UserProfileChanged
from usher_contracts.notifications import DeliveryChanged
from usher_contracts.usage import SeatActivityChanged
from usher_kit import outbox
from usher_kit.directory import apply_people
from usher_kit.ids import new_id
from usher_kit.versions import epoch_of, in_epoch, last_of_epoch
from usher_notifications.domain.deliveries import Delivery
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import hold, next_digest, useful_until
from usher_notifications.store.deliveries import add_deliveries, save_deliveries
from usher_notifications.store.digests import lock_digests, save_digests
from usher_notifications.store.license_notices import claim_notices, keep_notices
from usher_notifications.store.people import (
    Administrator,
    Profile,
    find_administrators,
    find_operators,
    save_profiles,
)
from usher_notifications.store.waiting import keep_seats
from usher_notifications.store.warnings import keep_activity

NOTICES_AT_ONCE = 100


async def keep_people(conn: AsyncConnection, events: Sequence[Event[UserChanged]], at: datetime) -> Sequence[UUID]:
    """Keep people; of who is deleted no personal data stays."""
    changed = await apply_people(conn, events, at)
    if gone := [event.data for event in latest(events) if event.data.status == "deleted"]:
        await save_profiles(
            conn, [Profile(one.tenant_id, one.id, "", None, last_of_epoch(one.version)) for one in gone]
        )
    return changed


async def keep_profiles(
    conn: AsyncConnection,
    events: Sequence[Event[UserProfileChanged]],
    at: datetime,  # noqa: ARG001 (a use case)
) -> int:
    """Keep names and addresses: the only place where they are."""
    facts = [event.data for event in latest(events)]
    return await save_profiles(
        conn, [Profile(one.tenant_id, one.id, one.display_name, one.email, one.version) for one in facts]
    )


async def keep_license_notices(conn: AsyncConnection, events: Sequence[Event[LicenseTermNotice]], at: datetime) -> int:
    """Keep notices that are not too old to be told; addressing them is time's work, which sees the operators too."""
    fresh = [event for event in events if at < useful_until(Kind.LICENSE_ENDING, event.time)]
    return await keep_notices(conn, fresh)


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


async def address_notices(conn: AsyncConnection, at: datetime) -> int:
    """Make the deliveries of license notices, to system administrators and the organizations' own. Answers of how many.

    The transaction must see the operators' tenant.
    """
    notices = await claim_notices(conn, at, NOTICES_AT_ONCE)
    if not notices:
        return 0
    by_org = await find_administrators(conn, [notice.org_id for notice in notices])
    operators = await find_operators(conn)
    deliveries = [
        to_license_ending(notice, one, at) for notice in notices for one in [*by_org.get(notice.org_id, ()), *operators]
    ]
    await make_deliveries(conn, deliveries, at)
    return len(notices)


async def make_deliveries(conn: AsyncConnection, deliveries: Sequence[Delivery], at: datetime) -> list[Delivery]:
    """Make deliveries and tell of those that are new; answers these."""
    made = await add_deliveries(conn, numbered(deliveries, epoch_of(conn)), at)
    await tell(conn, made, at)
    return made


async def settle_deliveries(conn: AsyncConnection, deliveries: Sequence[Delivery], at: datetime) -> None:
    """Write and tell what became of deliveries, as far as no other sender has."""
    await tell(conn, await save_deliveries(conn, numbered(deliveries, epoch_of(conn)), at), at)


def numbered(deliveries: Iterable[Delivery], epoch: int) -> list[Delivery]:
    """The deliveries at versions of `epoch`, whichever their rows are of."""
    return [replace(delivery, version=in_epoch(delivery.version, epoch)) for delivery in deliveries]


async def tell(conn: AsyncConnection, deliveries: Iterable[Delivery], at: datetime) -> None:
    """Tell how deliveries stand now."""
    await outbox.add(conn, [to_message(delivery, at) for delivery in deliveries])


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


def to_license_ending(notice: Row[Any], one: Administrator, at: datetime) -> Delivery:
    """To an administrator or operator: a term comes to its end. The delivery is of the term's tenant."""
    return Delivery(
        tenant_id=notice.tenant_id,
        id=new_id(),
        kind=Kind.LICENSE_ENDING,
        subject=notice.subject,
        subject_version=notice.version,
        org_id=notice.org_id,
        recipient_tenant_id=one.tenant_id,
        recipient=one.id,
        send_at=at,
        useful_until=useful_until(Kind.LICENSE_ENDING, notice.told_at),
        cause=notice.cause,
    )


def to_message(delivery: Delivery, at: datetime) -> Event[DeliveryChanged]:
    fact = DeliveryChanged(
        tenant_id=delivery.tenant_id,
        id=delivery.id,
        org_id=delivery.org_id,
        channel="email",
        kind=delivery.kind,
        about=delivery.subject,
        recipient=delivery.recipient,
        status=delivery.status.value,
        attempts=delivery.attempts,
        version=delivery.version,
        previous_version=delivery.previous_version,
    )
    return Event.of(fact, id=new_id(), at=at, cause=Cause.model_validate_json(delivery.cause))
