"""Leases: one worker at a time does a piece of work, and another takes it up where that one fell silent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol, TypeVar

LEASE = timedelta(seconds=60)
"""How long a piece of work is left to a worker that says nothing."""

RENEW_SECONDS = 15


class LeaseLost(Exception):
    """The work is not this worker's any more; its transaction is rolled back."""


class Lease(Protocol):
    """A worker's hold on a piece of work."""

    async def renew(self) -> bool:
        """Hold on to it for another while. Answers whether it is still this worker's."""

    async def let_go(self) -> None:
        """Leave it for any worker to take up at once."""

    async def give_back(self, error: Exception) -> None:
        """Let the next worker try, or end what fails again and again."""


L = TypeVar("L", bound=Lease)


@asynccontextmanager
async def held(take: Callable[[], Awaitable[L | None]]) -> AsyncIterator[L | None]:
    """What `take` takes, kept as long as the block runs; none where there is nothing to take.

    A block that fails gives it back, one that is cancelled lets go of it. Raises what the block raises; after LeaseLost
    there is nothing to give back.
    """
    lease = await take_unless_stopped(take)
    if lease is None:
        yield None
        return
    beating = asyncio.create_task(keep(lease))
    try:
        yield lease
    except LeaseLost:
        raise
    except Exception as error:
        with contextlib.suppress(LeaseLost):
            await lease.give_back(error)
        raise
    except asyncio.CancelledError:
        await lease.let_go()
        raise
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating


async def take_unless_stopped(take: Callable[[], Awaitable[L | None]]) -> L | None:
    """Take a lease. A worker stopped meanwhile lets go of it, so that the next need not wait for its end."""
    taking = asyncio.ensure_future(take())
    try:
        return await asyncio.shield(taking)
    except asyncio.CancelledError:
        if lease := await taking:
            await lease.let_go()
        raise


async def keep(lease: Lease) -> None:
    """Renew the lease as long as the work goes on."""
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        if not await lease.renew():
            return
