"""Sessions that have ended while tokens of theirs still live: identity tells by Redis, and every service looks there.

Without Redis what was told before still holds, and a token of a session that ends meanwhile lives to its own end.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic, time
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from usher_kit.telemetry import names

KEY = "identity:ended_sessions"
KEPT = timedelta(minutes=70)
"""Longer than any access token lives: its longest life is an hour."""

FRESH_SECONDS = 1.0
"""How long a service goes by what it has read."""

OVERLAP_SECONDS = 30.0
"""How far back it is read again: what is told by two at once may come out of order."""

ANSWER_SECONDS = 0.5
MOST_KEPT = 100_000


async def tell_ended(redis: Redis, sessions: Iterable[UUID]) -> None:
    """Tell that these have ended. One that was told keeps its moment. Raises RedisError.

    Moments are of the machine's own clock: they say in which order things were told, whatever time it is for people.
    """
    now = time()
    pipeline = redis.pipeline()
    told = {str(one): now for one in sessions}
    if told:
        pipeline.zadd(KEY, told, nx=True)
    pipeline.zremrangebyscore(KEY, "-inf", now - KEPT.total_seconds())
    await pipeline.execute()


@dataclass(slots=True)
class EndedSessions:
    """What a process knows of it, read at most every second and only when somebody asks."""

    redis: Redis
    _ended: set[str] = field(default_factory=set)
    _told_at: float = float("-inf")
    _read_at: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def has(self, session_id: UUID) -> bool:
        """Whether the session has ended, as far as that was told."""
        if monotonic() - self._read_at > FRESH_SECONDS:
            async with self._lock:
                if monotonic() - self._read_at > FRESH_SECONDS:
                    await self._read()
        return str(session_id) in self._ended

    async def _read(self) -> None:
        if len(self._ended) > MOST_KEPT:
            self._ended, self._told_at = set(), float("-inf")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                since = self._told_at - OVERLAP_SECONDS
                found: Any = await self.redis.zrangebyscore(KEY, since, "+inf", withscores=True)
        except (RedisError, OSError, TimeoutError):
            names.ENDED_SESSIONS_AWAY.inc()
        else:
            self._ended.update(one.decode() for one, _ in found)
            self._told_at = max([self._told_at, *(score for _, score in found)])
        self._read_at = monotonic()
