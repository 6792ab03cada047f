"""The order of a pool's line, as an administrator says it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.pools import Pool
from usher_entitlements.store.pools import lock_pools
from usher_entitlements.store.waitlists import order_line, ordered_people
from usher_entitlements.use_cases.pass_time import hold_configurations
from usher_kit.conditional import check_match, content_tag
from usher_kit.errors import Invalid


async def put_first(
    conn: AsyncConnection, pool: Pool, users: Sequence[UUID], if_match: str | None, at: datetime
) -> Sequence[UUID]:
    """Put these people at the head of the line, in this order; the others follow by place, whoever had one by hand.

    Answers who were put there before. Raises Stale where those are others than `if_match` says, Invalid where one of
    `users` does not wait for this pool.
    """
    await hold_configurations(conn, [pool.tenant_id], at)
    await lock_pools(conn, [pool.tenant_id], [pool.id])
    before = await ordered_people(conn, pool.tenant_id, pool.id)
    check_match(if_match, content_tag(before))
    placed = await order_line(conn, pool.tenant_id, pool.id, users)
    for place, user in enumerate(users):
        if user not in placed:
            raise Invalid(f"{user} does not wait for this pool.", pointer=f"/user_ids/{place}")
    return before
