"""Recording: seats and pools saved as decided, with their evidence and their facts, in the caller's transaction."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import SeatEvidence
from usher_contracts.envelope import Cause, Event
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Seat, SeatChange
from usher_entitlements.store.pools import save_pools
from usher_entitlements.store.seats import save_seats
from usher_entitlements.use_cases.messages import pool_message, seat_evidence, seat_message
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
    saved: dict[tuple[UUID, str], tuple[Seat, str]] = {}
    told: list[Event[Any]] = []
    # Seats of one pool that one role calls for rest on the same evidence: a few for a batch of any size.
    known: dict[tuple[UUID, str | None], tuple[SeatEvidence, str]] = {}
    for change in changes:
        seat, cause = change.seat, cause_of(change)
        shared = (seat.pool_id, seat.role)
        if shared not in known:
            evidence = seat_evidence(seat, pools[seat.pool_id])
            known[shared] = (evidence, evidence.model_dump_json())
        evidence, as_json = known[shared]
        saved[seat.user_id, seat.product] = (seat, to_evidence(as_json, cause))
        told.append(seat_message(change, evidence, cause))
    await save_seats(conn, saved)
    await outbox.add(conn, told)


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


def to_evidence(evidence: str, cause: Cause) -> str:
    """What a seat's row keeps of a decision, as JSON: its `evidence`, the message that led to it, and its trace."""
    led = {
        "message_id": cause.causationid,
        "trace_id": cause.traceparent.split("-")[1] if cause.traceparent else None,
        "actor": cause.actor,
    }
    return f"{evidence[:-1]},{json.dumps(led)[1:]}"
