"""The order of a pool's line, as an administrator says it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.pools import Pool
from usher_entitlements.store.pools import lock_pools
from usher_entitlements.store.waitlists import order_line
from usher_entitlements.use_cases.pass_time import hold_configurations
from usher_kit.errors import Invalid


async def put_first(conn: AsyncConnection, pool: Pool, users: Sequence[UUID], at: datetime) -> None:
    """Put these people at the head of the line, in this order; the others follow by place, whoever had one by hand.

    Raises Invalid where one of them does not wait for this pool.
    """
    await hold_configurations(conn, [pool.tenant_id], at)
    await lock_pools(conn, [pool.tenant_id], [pool.id])
    placed = await order_line(conn, pool.tenant_id, pool.id, users)
    for place, user in enumerate(users):
        if user not in placed:
            raise Invalid(f"{user} does not wait for this pool.", pointer=f"/user_ids/{place}")
