"""Telling every service which sessions have ended, whichever way: tokens of theirs are worth nothing from then on."""

from datetime import datetime, timedelta
from typing import Any

from usher_identity.store.sign_in import find_ended_since
from usher_kit.ended_sessions import KEPT, tell_ended
from usher_kit.runtime import Runtime

LOOP = "ended sessions"
EVERY_SECONDS = 0.5
"""The console asks who somebody is every three seconds: with this it is told within five."""

TOLD_UNTIL = "identity:ended_sessions:until"
OVERLAP = timedelta(minutes=1)
"""How long an act may take to be committed after its moment."""


async def tell_of_ended(runtime: Runtime) -> bool:
    """Tell of those that ended since it was told last; of all whose tokens may live, where Redis has forgotten that.

    Answers that there is no more to do. Raises RedisError while Redis is away: the next round tells them.
    """
    at = runtime.clock.now()
    until: Any = await runtime.redis.get(TOLD_UNTIL)
    since = min(datetime.fromisoformat(until.decode()), at) - OVERLAP if until else at - KEPT
    async with runtime.database.transaction_of_all() as conn:
        ended = await find_ended_since(conn, since)
    await tell_ended(runtime.redis, ended)
    await runtime.redis.set(TOLD_UNTIL, at.isoformat(), ex=KEPT)
    return False
