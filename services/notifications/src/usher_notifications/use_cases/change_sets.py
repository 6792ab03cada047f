"""Held changes: told once to those who decide on them (seats: A guard on mass loss)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Event, latest
from usher_contracts.identity import ChangeSetHeld
from usher_kit.ids import new_id
from usher_notifications.domain.deliveries import Delivery
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import HOLD, useful_until
from usher_notifications.store.change_sets import claim_sets, keep_sets
from usher_notifications.store.people import Administrator, find_administrators, find_operators
from usher_notifications.use_cases.deliveries import make_deliveries

AT_ONCE = 100
HELD = "held"
ONE_NOTICE = 1
"""The version under which a set is told of: that it grows, or is decided on in part, makes no second notice."""


async def keep_change_sets(
    conn: AsyncConnection,
    events: Sequence[Event[ChangeSetHeld]],
    at: datetime,  # noqa: ARG001 (a use case)
) -> int:
    """Keep what is held; addressing it is time's work, which sees the operators too."""
    return await keep_sets(conn, latest(events))


async def address_held(conn: AsyncConnection, at: datetime) -> int:
    """Make the deliveries of what is held, to the administrators of the organization and of those above it.

    Where there are none, the system administrators are told. Answers of how many sets; the transaction must see the
    operators' tenant.
    """
    sets = await claim_sets(conn, at, AT_ONCE)
    held = [one for one in sets if one.status == HELD and at < useful_until(Kind.CHANGES_HELD, one.told_at)]
    if held:
        by_org = await find_administrators(conn, [one.org_id for one in held])
        operators = await find_operators(conn)
        deliveries = [to_held(one, each, at) for one in held for each in by_org.get(one.org_id, operators)]
        await make_deliveries(conn, deliveries, at)
    return len(sets)


def to_held(held: Row[Any], one: Administrator, at: datetime) -> Delivery:
    """To one who may decide. The set is the subject."""
    return Delivery(
        tenant_id=held.tenant_id,
        id=new_id(),
        kind=Kind.CHANGES_HELD,
        subject=str(held.id),
        subject_version=ONE_NOTICE,
        org_id=held.org_id,
        recipient_tenant_id=one.tenant_id,
        recipient=one.id,
        send_at=at + HOLD,
        useful_until=useful_until(Kind.CHANGES_HELD, held.told_at),
        cause=held.cause,
    )
