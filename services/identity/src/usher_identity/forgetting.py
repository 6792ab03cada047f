"""Forgetting what nothing asks for any more: what signing in has left behind, and the ids of old commands."""

from datetime import timedelta

from usher_identity.store.scim_tokens import forget_tokens
from usher_identity.store.sign_in import forget_expired
from usher_identity.store.upstream_losses import forget_recent
from usher_identity.store.upstreams import forget_received
from usher_identity.use_cases.guarding_commands import WINDOW
from usher_kit.runtime import Runtime

KEPT = timedelta(days=7)
"""Long enough that the reuse of a stolen refresh token is still seen as one."""


COMMANDS_KEPT = timedelta(days=30)
"""For so long a command that comes again is known; later its sequence alone tells that it is stale."""


async def forget(runtime: Runtime) -> bool:
    """Remove sessions, codes and refresh tokens from every tenant. Answers that there is no more to do."""
    async with runtime.database.transaction_of_all() as conn:
        await forget_expired(conn, runtime.clock.now() - KEPT)
    return False


async def forget_commands(runtime: Runtime) -> bool:
    """Remove from every tenant which commands came long ago, losses that count no more, and tokens that ended.

    Answers that there is no more to do.
    """
    async with runtime.database.transaction_of_all() as conn:
        await forget_received(conn, runtime.clock.now() - COMMANDS_KEPT)
        await forget_recent(conn, runtime.clock.now() - WINDOW)
        await forget_tokens(conn, runtime.clock.now())
    return False
