"""Seats beyond the license taken by an administrator's act (seats: Capacity)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.pools import Pool, tally
from usher_entitlements.store.pools import lock_pools
from usher_entitlements.use_cases.pass_time import hold_configurations
from usher_entitlements.use_cases.recording import record_pools, record_seats
from usher_entitlements.use_cases.settle_pools import take_excess
from usher_kit.errors import Conflict


async def release_excess(
    conn: AsyncConnection, pool: Pool, policy: str, seats: int | None, note: str, at: datetime, cause: Cause
) -> Sequence[UUID]:
    """Let those wait who would give up their seats under a policy. Answers who they are.

    Raises Conflict where the pool is not over-allocated, or by another number than `seats`.
    """
    await hold_configurations(conn, [pool.tenant_id], at)
    before = await lock_pools(conn, [pool.tenant_id], [pool.id])
    excess = before[pool.id].excess
    if excess == 0:
        raise Conflict("This pool holds no seats beyond its license.")
    if seats is not None and seats != excess:
        raise Conflict(f"By now {excess} seats are held beyond the license; look again who would be released.")
    changes = await take_excess(conn, {pool.id: (before[pool.id], policy, excess)}, at)
    after = tally(before, changes)
    users = [change.seat.user_id for change in changes]
    await record_seats(conn, changes, after, lambda _: cause, dict.fromkeys(users, note))
    await record_pools(conn, before, after.values(), at, {}, cause)
    return users
