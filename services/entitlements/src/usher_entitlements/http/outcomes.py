"""What a change would do to seats, as `/v1/simulate` and dry runs answer it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.store.differences import compare_people, compare_pools, count_outcomes, positions

SHOWN = 1_000
NOT_NEEDED = ("outbox", "idempotency_key", "promotions")
"""Tables that no decision reads: their copies begin empty."""


class SeatOutcome(BaseModel):
    """One person's seat, now and then. `position` is theirs in line, from 1, where they would wait."""

    user_id: UUID
    product: str
    org_id: UUID
    before: str
    after: str
    outcome: Literal["gains", "keeps", "loses", "waits", "none"]
    reason: str
    position: int | None


class PoolOutcome(BaseModel):
    """A pool's figures, now and then; null now for one that would be new."""

    id: UUID
    org_id: UUID
    product: str
    before: dict[str, Any] | None
    after: dict[str, Any]


class Outcome(BaseModel):
    """`totals` count people by product and outcome over all; `people` and `pools` are the first of them."""

    as_of: datetime
    totals: dict[str, dict[str, int]]
    people: list[SeatOutcome]
    pools: list[PoolOutcome]


async def to_outcome(
    conn: AsyncConnection, users: Sequence[UUID], units: Sequence[UUID] | None, limit: int, at: datetime
) -> Outcome:
    people = await compare_people(conn, users, units, limit)
    places = await positions(conn, [row.user_id for row in people if row.after == "waitlisted"])
    totals: dict[str, dict[str, int]] = {}
    for row in await count_outcomes(conn, users, units):
        totals.setdefault(row.product, {})[row.outcome] = row.people
    return Outcome(
        as_of=at,
        totals=totals,
        people=[
            SeatOutcome(**row._mapping, position=places.get((row.user_id, row.product)))  # noqa: SLF001
            for row in people
        ],
        pools=[to_pool(row) for row in await compare_pools(conn, units, limit)],
    )


def to_pool(row: Any) -> PoolOutcome:
    figures = ("capacity", "assigned", "waitlisted", "suspended", "over_allocated")
    before = {name: getattr(row, f"was_{name}") for name in figures} | {"license_state": row.was_state}
    after = {name: getattr(row, name) for name in figures} | {"license_state": row.license_state}
    is_new = row.was_state is None
    return PoolOutcome(
        id=row.id, org_id=row.org_id, product=row.product, before=None if is_new else before, after=after
    )
