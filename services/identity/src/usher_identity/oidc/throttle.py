"""Throttles in Redis: on passwords, on clients' secrets and tokens. They fail open, and a metric counts that."""

import asyncio
import hashlib
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from usher_kit.telemetry import names

WINDOW_SECONDS = 300
ACCOUNT_TRIES = 10
ADDRESS_TRIES = 100
"""A school is behind one address; whoever gets in gives the try back."""

TOKENS = 1_000
"""How many tokens one machine may ask for in a window: a token serves for ten minutes, and a fleet may share one."""

BEGINNINGS = 1_000
"""How many sign-ins at other providers may begin at one address in a window: a school comes in at eight."""

ANSWER_SECONDS = 0.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Throttle:
    """Counts one sender's tries at one account."""

    redis: Redis
    account: str
    address: str

    @property
    def _keys(self) -> tuple[str, str]:
        return (
            f"identity:tries:account:{hashed(self.account.strip().lower())}",
            f"identity:tries:{hashed(self.address)}",
        )

    async def admit(self) -> bool:
        """Count a try. Answers whether it may be made."""
        account, address = self._keys
        pipeline = self.redis.pipeline()
        for key in (account, address):
            pipeline.incr(key)
            pipeline.expire(key, WINDOW_SECONDS, nx=True)
        counted = await open_when_away(pipeline.execute())
        return counted is None or (counted[0] <= ACCOUNT_TRIES and counted[2] <= ADDRESS_TRIES)

    async def succeeded(self) -> None:
        """Forget the account's failures, and give the address its try back."""
        account, address = self._keys
        pipeline = self.redis.pipeline()
        pipeline.delete(account)
        pipeline.decr(address)
        pipeline.expire(address, WINDOW_SECONDS, nx=True)
        await open_when_away(pipeline.execute())


@dataclass(frozen=True, slots=True)
class Pace:
    """Counts what one `who` does of one kind, for a window that begins with the first time."""

    redis: Redis
    kind: str
    who: str
    most: int

    @property
    def _key(self) -> str:
        return f"identity:pace:{self.kind}:{hashed(self.who)}"

    async def count(self) -> bool:
        """Count once more. Answers whether that is not yet too often."""
        pipeline = self.redis.pipeline()
        pipeline.incr(self._key)
        pipeline.expire(self._key, WINDOW_SECONDS, nx=True)
        counted = await open_when_away(pipeline.execute())
        return counted is None or counted[0] <= self.most

    async def is_spent(self) -> bool:
        """Whether it was done as often as it may be; this does not count."""
        counted = await open_when_away(self.redis.get(self._key))
        return counted is not None and int(counted) >= self.most


async def open_when_away(call: Awaitable[T]) -> T | None:
    """Redis's answer; none where it does not give one in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await call
    except (RedisError, OSError, TimeoutError):
        names.THROTTLE_OPEN.inc()
        return None


def hashed(text: str) -> str:
    """Names and addresses are personal: the cache holds neither."""
    return hashlib.sha256(text.encode()).hexdigest()
