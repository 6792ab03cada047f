"""What a worker does about exports: asks for those that are due, makes them, and removes files whose time is over."""

from datetime import timedelta

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.loops import Loop
from usher_kit.runtime import Runtime
from usher_reporting.exporting.making import make_next
from usher_reporting.exporting.schedules import run_due
from usher_reporting.store.exports import expire_files

POLL_SECONDS = 1.0
SCHEDULE_SECONDS = 15.0
EXPIRY_SECONDS = 60.0
REMEMBERED = timedelta(days=30)
"""How long an export is told of after it was over, so that whoever follows an old link learns what became of it."""


async def expire(runtime: Runtime) -> bool:
    """One round over all tenants. Answers whether there was anything."""
    now = runtime.clock.now()
    async with runtime.database.transaction_of_all([OPERATORS_TENANT]) as conn:
        gone = await expire_files(conn, now, now - runtime.settings.export_kept - REMEMBERED)
    return gone > 0


SCHEDULES: Loop[Runtime] = Loop("schedules", SCHEDULE_SECONDS, run_due)
EXPORTS: Loop[Runtime] = Loop("exports", POLL_SECONDS, make_next)
EXPIRE_EXPORTS: Loop[Runtime] = Loop("expire exports", EXPIRY_SECONDS, expire)
