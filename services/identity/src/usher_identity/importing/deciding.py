"""Doing what administrators decided on held changes, as far as the request that decided did not get to it."""

from uuid import UUID

from usher_identity.store.held_changes import find_due_sets
from usher_identity.use_cases.change_sets import do_decided
from usher_kit.runtime import Runtime

BATCH = 500
"""People changed in one transaction, so that a single change waits for no more."""

AT_ONCE = 4
"""Batches that a request does before it answers; the rest are done behind it."""


async def do_what_was_decided(runtime: Runtime) -> bool:
    """Do a batch of each of some sets. Answers whether there was any."""
    async with runtime.database.transaction_of_all() as conn:
        due = await find_due_sets(conn)
    done = [await do_batches(runtime, tenant, set_id, 1) for tenant, set_id in due]
    return any(done)


async def do_batches(runtime: Runtime, tenant_id: UUID, set_id: UUID, batches: int) -> bool:
    """Do up to so many batches of a set, each in a transaction of its own. Answers whether there were any."""
    for number in range(batches):
        async with runtime.database.transaction([tenant_id]) as conn:
            if not await do_decided(conn, set_id, runtime.clock.now(), BATCH):
                return number > 0
    return True
