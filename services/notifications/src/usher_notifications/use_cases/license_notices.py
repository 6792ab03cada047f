"""Licenses that come to their end: told to system administrators and to the organizations' own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import LicenseTermNotice
from usher_contracts.envelope import Event
from usher_kit.ids import new_id
from usher_notifications.domain.deliveries import Delivery
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import useful_until
from usher_notifications.store.license_notices import claim_notices, keep_notices
from usher_notifications.store.people import Administrator, find_administrators, find_operators
from usher_notifications.use_cases.deliveries import make_deliveries

NOTICES_AT_ONCE = 100


async def keep_license_notices(conn: AsyncConnection, events: Sequence[Event[LicenseTermNotice]], at: datetime) -> int:
    """Keep notices that are not too old to be told; addressing them is time's work, which sees the operators too."""
    fresh = [event for event in events if at < useful_until(Kind.LICENSE_ENDING, event.time)]
    return await keep_notices(conn, fresh)


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
