"""Background loops: what a worker does because time passes or because it was woken."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from usher_kit.telemetry import names

R = TypeVar("R")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Loop(Generic[R]):
    """Runs every `seconds`, at once again while there is work, and whenever its name is woken."""

    name: str
    seconds: float
    run: Callable[[R], Awaitable[bool]]
    """One round. Returns whether there was work."""


class Loops(Generic[R]):
    """The loops of one process. A round that fails is told, and the loop goes on."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._wakes: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, loop: Loop[R], runtime: R) -> None:
        self._wakes[loop.name] = asyncio.Event()
        self._tasks.append(asyncio.create_task(self._go_round(loop, runtime), name=loop.name))

    def wake(self, name: str) -> None:
        """Run the named loop now; nothing where this process does not run it."""
        if name in self._wakes:
            self._wakes[name].set()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _go_round(self, loop: Loop[R], runtime: R) -> None:
        wake = self._wakes[loop.name]
        while True:
            wake.clear()
            worked = False
            try:
                worked = await loop.run(runtime)
            except Exception as error:
                names.LOOP_FAILURES.labels(self._service, loop.name).inc()
                log.warning("loop.failed", loop=loop.name, error=repr(error), exc_info=error)
            if not worked:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(loop.seconds):
                        await wake.wait()
