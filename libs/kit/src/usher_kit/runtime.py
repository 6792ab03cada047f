"""The runtime of one process: its settings, database, clock, cache and loops, for handlers and loops alike."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from redis.asyncio import Redis

from usher_kit.clock import Clock, OffsetClock, SystemClock
from usher_kit.database import Database, database_for
from usher_kit.loops import Loops
from usher_kit.outbound.fetching import Outbound
from usher_kit.settings import ServiceSettings


@dataclass(frozen=True)
class Runtime:
    """What a process works with. `redis` holds only what can be lost (architecture: The way of a message)."""

    service: str
    settings: Any
    database: Database
    clock: Clock
    redis: Redis
    loops: Loops[Any] = field(repr=False)
    outbound: Outbound = field(default_factory=Outbound, repr=False)
    """Fetches what URLs that users configure name; nothing else may."""

    def wake(self, loop: str) -> None:
        """Run a loop now, if this process runs it."""
        self.loops.wake(loop)


def make_clock(settings: ServiceSettings) -> Clock:
    """The clock that the settings ask for."""
    return OffsetClock(settings.clock_file) if settings.clock_file else SystemClock()


def make_runtime(service: str, settings: ServiceSettings) -> Runtime:
    """A runtime whose connections open when they are first used."""
    return Runtime(
        service,
        settings,
        database_for(service, settings),
        make_clock(settings),
        Redis.from_url(settings.redis_url or "redis://127.0.0.1:6379"),
        Loops(service),
        Outbound(settings.outbound_allow),
    )


async def runtime(request: Request) -> Runtime:
    """FastAPI dependency: the process's runtime. No plain function: the framework runs each of those on a thread."""
    found: Runtime = request.app.state.runtime
    return found


Running = Annotated[Runtime, Depends(runtime)]
