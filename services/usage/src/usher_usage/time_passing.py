"""What usage does because time passes: seats that it makes inactive, and logins that are to be told by now."""

from usher_kit.loops import Loop
from usher_kit.runtime import Runtime
from usher_usage.use_cases import judge_due

POLL_SECONDS = 1.0


async def judge_what_is_due(runtime: Runtime) -> bool:
    """One round, over all tenants, of a bounded number of seats. Answers whether there was work."""
    async with runtime.database.transaction_of_all() as conn:
        return await judge_due(conn, runtime.clock.now()) > 0


JUDGE_DUE: Loop[Runtime] = Loop("activity", POLL_SECONDS, judge_what_is_due)
