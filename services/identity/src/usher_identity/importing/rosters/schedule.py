"""When rosters are read: each as often as whoever connected it asked for."""

from usher_identity.store.rosters import next_due, put_off, remove_sync
from usher_identity.store.upstreams import load_upstreams_for_update
from usher_identity.use_cases.roster_syncs import start_reading
from usher_kit.runtime import Runtime

READING = "roster reading"
READERS = 3
"""Rosters that one worker reads at a time, so that a slow service holds up no other."""


async def start_due_rosters(runtime: Runtime) -> bool:
    """Begin the reading that has been due longest. Answers whether there was one."""
    at = runtime.clock.now()
    async with runtime.database.transaction_of_all() as conn:
        sync = await next_due(conn, at)
        if sync is None:
            return False
        found = await load_upstreams_for_update(conn, [(sync.tenant_id, sync.source)])
        upstream = found.get((sync.tenant_id, sync.source))
        if upstream is None or upstream.roster is None:
            await remove_sync(conn, sync.tenant_id, sync.source)
            return True
        await put_off(conn, sync, upstream.roster.next_after(at))
        await start_reading(conn, upstream, sync, f"upstream:{sync.source}", at)
    runtime.wake(READING)
    return True
