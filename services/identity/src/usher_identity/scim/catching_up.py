"""Roles that came to be others for many at once: a mapping that changed, a large group that was renamed or filled."""

from uuid import UUID

from usher_identity.store.organizations import lock_trees
from usher_identity.store.scim_words import find_spaces_behind
from usher_identity.store.upstreams import load_upstreams_for_update
from usher_identity.use_cases.scim import say_behind
from usher_kit.runtime import Runtime

LOOP = "scim roles"
BATCH = 500
"""People in one transaction, so that a single change waits for no more."""

SPACES = 20


async def catch_up(runtime: Runtime) -> bool:
    """Say a batch of roles anew for some upstreams. Answers whether there was any."""
    async with runtime.database.transaction_of_all() as conn:
        behind = await find_spaces_behind(conn, SPACES)
    done = [await catch_up_one(runtime, tenant_id, name) for tenant_id, name in behind]
    return any(done)


async def catch_up_one(runtime: Runtime, tenant_id: UUID, name: str) -> bool:
    async with runtime.database.transaction([tenant_id]) as conn:
        await lock_trees(conn, [tenant_id])
        upstreams = await load_upstreams_for_update(conn, [(tenant_id, name)])
        upstream = upstreams.get((tenant_id, name))
        return upstream is not None and await say_behind(conn, upstream, BATCH, runtime.clock.now())
