"""Held changes: told once to those who decide on them (seats: A guard on mass loss)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Event, latest
from usher_contracts.identity import ChangeSetHeld
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import useful_until
from usher_notifications.store.change_sets import claim_sets, keep_sets
from usher_notifications.store.people import find_administrators, find_operators
from usher_notifications.use_cases.deliveries import about, make_deliveries

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
        deliveries = [
            about(one, Kind.CHANGES_HELD, ONE_NOTICE, one.org_id, (each.tenant_id, each.id), at)
            for one in held
            for each in by_org.get(one.org_id, operators)
        ]
        await make_deliveries(conn, deliveries, at)
    return len(sets)
