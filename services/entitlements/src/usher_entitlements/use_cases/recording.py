"""Recording: seats and pools saved as decided, with their evidence and their facts, in the caller's transaction."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_entitlements.domain.grants import rule_id
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Seat, SeatChange
from usher_entitlements.store.pools import save_pools
from usher_entitlements.store.seats import save_seats
from usher_entitlements.use_cases.messages import pool_message, seat_message
from usher_kit import outbox

PART = 5_000
"""Changes of seats in one statement, at most."""

CauseOf = Callable[[SeatChange], Cause]
"""What led to a seat's change."""


async def record_seats(
    conn: AsyncConnection, changes: Sequence[SeatChange], pools: Mapping[UUID, Pool], cause_of: CauseOf
) -> None:
    """Save the last version of each seat, and tell every version. `pools` are those after the decision."""
    # In parts, so that the end of a large district's license fits in memory and in the server's limits.
    for start in range(0, len(changes), PART):
        await record_part(conn, changes[start : start + PART], pools, cause_of)


async def record_part(
    conn: AsyncConnection, changes: Sequence[SeatChange], pools: Mapping[UUID, Pool], cause_of: CauseOf
) -> None:
    """Save and tell one part of a transaction's changes."""
    caused = [(change, pools.get(change.seat.pool_id), cause_of(change)) for change in changes]
    last = {
        (change.seat.user_id, change.seat.product): (change.seat, to_evidence(change.seat, pool, cause))
        for change, pool, cause in caused
    }
    await save_seats(conn, last)
    await outbox.add(conn, [seat_message(change, pool, cause) for change, pool, cause in caused])


async def record_pools(
    conn: AsyncConnection,
    before: Mapping[UUID, Pool],
    after: Iterable[Pool],
    at: datetime,
    causes: Mapping[UUID, Cause],
    otherwise: Cause,
) -> None:
    """Save and tell the pools that are not as they were, once each, at their next version."""
    changed = [
        replace(pool, version=pool.version + 1, as_of=pool.moment(at)) for pool in after if before.get(pool.id) != pool
    ]
    await save_pools(conn, changed, new=[pool.id for pool in changed if pool.id not in before])
    events: list[Event[Any]] = [pool_message(pool, causes.get(pool.id, otherwise)) for pool in changed]
    await outbox.add(conn, events)


def causes_by_pool(changes: Iterable[SeatChange], cause_of: CauseOf) -> Mapping[UUID, Cause]:
    """For each pool, what led to the first change of its seats."""
    causes: dict[UUID, Cause] = {}
    for change in changes:
        causes.setdefault(change.seat.pool_id, cause_of(change))
    return causes


def to_evidence(seat: Seat, pool: Pool | None, cause: Cause) -> str:
    """What a decision rests on, as JSON: the role and its rule, the pool's figures then, the message and its trace."""
    return json.dumps(
        {
            "role": seat.role,
            "rule_id": str(rule_id(seat.tenant_id, seat.role, seat.product)) if seat.role else None,
            "pool": to_figures(pool) if pool else None,
            "message_id": cause.causationid,
            "trace_id": cause.traceparent.split("-")[1] if cause.traceparent else None,
            "actor": cause.actor,
        }
    )


def to_figures(pool: Pool) -> dict[str, int | str | None]:
    """A pool's figures, as evidence shows them."""
    return {
        "capacity": pool.license.capacity,
        "capacity_with_grace": pool.license.capacity_with_grace,
        "overage_seats": pool.license.extra,
        "assigned": pool.assigned,
        "waitlisted": pool.waitlisted,
        "suspended": pool.suspended,
    }
