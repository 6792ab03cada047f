"""Forgetting what old imports reported: their issues name people, and nobody mends a row a month later."""

from datetime import timedelta

from usher_identity.store.job_issues import remove_old_issues
from usher_identity.store.job_people import remove_old_people
from usher_identity.store.job_rows import remove_old_rows
from usher_kit.runtime import Runtime

KEPT = timedelta(days=30)
"""How long issues are kept after their job is over; the job itself stays, with its counts."""


async def forget_old_issues(runtime: Runtime) -> bool:
    """Remove them from every tenant. Answers that there is no more to do."""
    async with runtime.database.transaction_of_all() as conn:
        await remove_old_issues(conn, runtime.clock.now() - KEPT)
        await remove_old_rows(conn, runtime.clock.now() - KEPT)
        await remove_old_people(conn, runtime.clock.now() - KEPT)
    return False
