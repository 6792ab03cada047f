"""Forgetting what signing in has left behind: sessions, codes and refresh tokens a week after they expired."""

from datetime import timedelta

from usher_identity.store.sign_in import forget_expired
from usher_kit.runtime import Runtime

KEPT = timedelta(days=7)
"""Long enough that the reuse of a stolen refresh token is still seen as one."""


async def forget(runtime: Runtime) -> bool:
    """Remove it from every tenant. Answers that there is no more to do."""
    async with runtime.database.transaction_of_all() as conn:
        await forget_expired(conn, runtime.clock.now() - KEPT)
    return False
