"""What usage does because time passes: judges seats, tells of logins that are to be told by now, and forgets them."""

from usher_kit.loops import Loop
from usher_kit.runtime import Runtime
from usher_usage.store.logins import forget_logins_of_deleted
from usher_usage.use_cases.activity import judge_due
from usher_usage.use_cases.rollups import forget, tell_actives

POLL_SECONDS = 1.0
ACTIVES_SECONDS = 5.0
"""Figures that change all the time are told this often."""

FORGET_SECONDS = 60.0
DELETED_SECONDS = 3_600.0


async def judge_what_is_due(runtime: Runtime) -> bool:
    """One round, over all tenants, of a bounded number of seats. Answers whether there was work."""
    async with runtime.database.transaction_of_all() as conn:
        return await judge_due(conn, runtime.clock.now()) > 0


async def tell_what_changed(runtime: Runtime) -> bool:
    """One round, over all tenants, of a bounded number of figures. Answers whether there was work."""
    async with runtime.database.transaction_of_all() as conn:
        return await tell_actives(conn, runtime.clock.now()) > 0


async def forget_what_is_old(runtime: Runtime) -> bool:
    """One round, over all tenants, of a bounded number of logins. Answers whether there was work."""
    async with runtime.database.transaction_of_all() as conn:
        return await forget(conn, runtime.clock.now(), runtime.settings.logins_kept) > 0


async def forget_deleted(runtime: Runtime) -> bool:
    """Forget the logins of deleted people that came beside the fact of it. Answers that there is no more to do."""
    async with runtime.database.transaction_of_all() as conn:
        await forget_logins_of_deleted(conn)
    return False


FORGET_DELETED: Loop[Runtime] = Loop("logins of deleted people", DELETED_SECONDS, forget_deleted)
JUDGE_DUE: Loop[Runtime] = Loop("activity", POLL_SECONDS, judge_what_is_due)
TELL_ACTIVES: Loop[Runtime] = Loop("actives", ACTIVES_SECONDS, tell_what_changed)
FORGET: Loop[Runtime] = Loop("forget logins", FORGET_SECONDS, forget_what_is_old)
