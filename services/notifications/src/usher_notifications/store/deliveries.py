"""Statements on deliveries: made once, claimed for sending by one sender, and what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_notifications.domain.deliveries import Delivery, Reason, Status
from usher_notifications.domain.notices import Kind

ADD = text("""
    insert into delivery (tenant_id, id, kind, subject, subject_version, org_id, recipient_tenant_id, recipient, status,
        attempts, created_at, send_at, useful_until, version, cause)
    select tenant, id, kind, subject, subject_version, org, recipient_tenant, recipient, 'pending', 0, :at, send_at,
        useful_until, version, cause
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:kinds as text[]), cast(:subjects as text[]),
        cast(:subject_versions as bigint[]), cast(:orgs as uuid[]), cast(:recipient_tenants as uuid[]),
        cast(:recipients as uuid[]), cast(:send_at as timestamptz[]), cast(:useful_until as timestamptz[]),
        cast(:causes as text[]), cast(:versions as bigint[])) as made (tenant, id, kind, subject, subject_version, org,
        recipient_tenant, recipient, send_at, useful_until, cause, version)
    on conflict (tenant_id, kind, subject, subject_version, recipient) do nothing
    returning id
""")
CLAIM = text("""
    select tenant_id, id, kind, subject, subject_version, org_id, recipient_tenant_id, recipient, send_at, useful_until,
        cause, status, reason, attempts, version
    from delivery
    where status = 'pending' and send_at <= :at and (leased_until is null or leased_until <= :at)
    order by send_at limit :limit for update skip locked
""")
HOLD = text("update delivery set leased_until = :until where id = any(cast(:ids as uuid[]))")
SAVE = text("""
    update delivery d set status = made.status, reason = made.reason, attempts = made.attempts, version = made.version,
        send_at = made.send_at, leased_until = null,
        settled_at = case when made.status <> 'pending' then cast(:at as timestamptz) end
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:statuses as text[]), cast(:reasons as text[]),
        cast(:attempts as integer[]), cast(:versions as bigint[]), cast(:send_at as timestamptz[]))
        as made (tenant, id, status, reason, attempts, version, send_at)
    where (d.tenant_id, d.id) = (made.tenant, made.id) and d.version < made.version and d.status = 'pending'
    returning d.id
""")


async def add_deliveries(conn: AsyncConnection, deliveries: Sequence[Delivery], at: datetime) -> list[Delivery]:
    """Make deliveries, each notice to a recipient once. Answers those that are new."""
    if not deliveries:
        return []
    new = await conn.scalars(
        ADD,
        {
            "tenants": [delivery.tenant_id for delivery in deliveries],
            "ids": [delivery.id for delivery in deliveries],
            "kinds": [delivery.kind for delivery in deliveries],
            "subjects": [delivery.subject for delivery in deliveries],
            "subject_versions": [delivery.subject_version for delivery in deliveries],
            "orgs": [delivery.org_id for delivery in deliveries],
            "recipient_tenants": [delivery.recipient_tenant_id for delivery in deliveries],
            "recipients": [delivery.recipient for delivery in deliveries],
            "send_at": [delivery.send_at for delivery in deliveries],
            "useful_until": [delivery.useful_until for delivery in deliveries],
            "causes": [delivery.cause for delivery in deliveries],
            "versions": [delivery.version for delivery in deliveries],
            "at": at,
        },
    )
    ids = set(new)
    return [delivery for delivery in deliveries if delivery.id in ids]


async def claim_deliveries(conn: AsyncConnection, at: datetime, limit: int) -> list[Delivery]:
    """Lock deliveries whose time has come and that nobody else is about to send, the longest due first."""
    return [from_row(row) for row in await conn.execute(CLAIM, {"at": at, "limit": limit})]


async def hold_deliveries(conn: AsyncConnection, deliveries: Sequence[Delivery], until: datetime) -> None:
    """Hold them for sending outside the transaction; a sender that dies loses them to another at `until`."""
    await conn.execute(HOLD, {"ids": [delivery.id for delivery in deliveries], "until": until})


async def save_deliveries(conn: AsyncConnection, deliveries: Sequence[Delivery], at: datetime) -> list[Delivery]:
    """Write what became of deliveries. Answers those for which it was news: another sender may have told it first."""
    if not deliveries:
        return []
    changed = await conn.scalars(
        SAVE,
        {
            "tenants": [delivery.tenant_id for delivery in deliveries],
            "ids": [delivery.id for delivery in deliveries],
            "statuses": [delivery.status for delivery in deliveries],
            "reasons": [delivery.reason for delivery in deliveries],
            "attempts": [delivery.attempts for delivery in deliveries],
            "versions": [delivery.version for delivery in deliveries],
            "send_at": [delivery.send_at for delivery in deliveries],
            "at": at,
        },
    )
    ids = set(changed)
    return [delivery for delivery in deliveries if delivery.id in ids]


def from_row(row: Row[Any]) -> Delivery:
    return Delivery(
        tenant_id=row.tenant_id,
        id=row.id,
        kind=Kind(row.kind),
        subject=row.subject,
        subject_version=row.subject_version,
        org_id=row.org_id,
        recipient_tenant_id=row.recipient_tenant_id,
        recipient=row.recipient,
        send_at=row.send_at,
        useful_until=row.useful_until,
        cause=row.cause,
        status=Status(row.status),
        reason=Reason(row.reason) if row.reason else None,
        attempts=row.attempts,
        version=row.version,
    )
