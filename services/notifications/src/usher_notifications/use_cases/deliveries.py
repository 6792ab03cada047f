"""Deliveries made and settled; each change of one is told."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_contracts.notifications import DeliveryChanged
from usher_kit import outbox
from usher_kit.ids import new_id
from usher_kit.versions import epoch_of, in_epoch
from usher_notifications.domain.deliveries import Delivery
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import HOLD, useful_until
from usher_notifications.store.deliveries import add_deliveries, save_deliveries


def about(
    row: Row[Any], kind: Kind, version: int, org_id: UUID, recipient: tuple[UUID, UUID], at: datetime
) -> Delivery:
    """Of a kept row, to one of those concerned (tenant, id). Each of its versions is told once."""
    tenant_id, id_ = recipient
    return Delivery(
        tenant_id=row.tenant_id,
        id=new_id(),
        kind=kind,
        subject=str(row.id),
        subject_version=version,
        org_id=org_id,
        recipient_tenant_id=tenant_id,
        recipient=id_,
        send_at=at + HOLD,
        useful_until=useful_until(kind, row.told_at),
        cause=row.cause,
    )


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
