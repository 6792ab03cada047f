"""The services as processes of their own: started, armed, awaited in death, and started again."""

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from signal import SIGKILL, SIGTERM

from usher_cli.local import services
from usher_cli.local.definition import SERVICES
from usher_cli.servers.ports import is_free, iter_from_random

from .points import Charge, Fuse
from .serving import serve

READY_SECONDS = 90.0
"""How long processes may take to be ready, after anything that was done to them or their servers."""

STOP_SECONDS = 20.0
PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Member:
    """One process: the service that it runs, as what, and where it listens."""

    name: str
    service: str
    role: str
    port: int

    @property
    def is_ready(self) -> bool:
        return services.unreadiness(self.port) is None


def free_base() -> int:
    """A port with as many free ones after it as there are processes."""
    return next(one for one in iter_from_random() if all(is_free(one + offset) for offset in range(8)))


def members(base: int) -> dict[str, Member]:
    """The processes: each service once, entitlements with a second worker."""
    ports = {service.name: service.port(base) for service in SERVICES}
    everyone = [Member(name, name, "all", port) for name, port in ports.items() if name != "entitlements"]
    everyone.append(Member("entitlements-1", "entitlements", "all", ports["entitlements"]))
    everyone.append(Member("entitlements-2", "entitlements", "worker", base + 7))
    return {member.name: member for member in everyone}


class NotReadyError(Exception):
    """Processes that did not become ready, and what they lack."""


@dataclass(slots=True)
class Fleet:
    """All processes. `settings` is their environment; `folder` holds what arms them, `log` what they say."""

    members: Mapping[str, Member]
    settings: Mapping[str, str]
    folder: Path
    log: Path
    _context: ForkServerContext = field(init=False)
    _running: dict[str, ForkServerProcess] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    """Processes that ended though nobody meant them to."""

    def __post_init__(self) -> None:
        # Forked from a process that has loaded the code: loading takes seconds, and a restart a fraction of one.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([serve.__module__])

    def start(self, name: str) -> None:
        """Start one process, unarmed."""
        member, fuse = self.members[name], self.fuse(name)
        fuse.disarm()
        environment = {**self.settings, "USHER_HOST": "127.0.0.1", "USHER_PORT": str(member.port)}
        process = self._context.Process(
            target=serve,
            args=(member.service, member.role, environment, fuse, self.log / f"{name}.log"),
            name=name,
        )
        process.start()
        self._running[name] = process

    def start_all(self) -> None:
        for name in self.members:
            self.start(name)

    def fuse(self, name: str) -> Fuse:
        return Fuse(self.folder, name)

    def arm(self, name: str, charge: Charge) -> None:
        """Have a process kill itself at that point."""
        self.fuse(name).arm(charge)

    def has_died(self, name: str) -> bool:
        """Whether the process is gone."""
        return self._running[name].exitcode is not None

    def died_at_its_point(self, name: str) -> bool:
        """Whether the process killed itself where it was armed for."""
        return self._running[name].exitcode == -SIGKILL and self.fuse(name).struck.exists()

    def await_death(self, name: str, seconds: float) -> bool:
        """Wait until the process has died; False when it lives on after so many seconds."""
        self._running[name].join(seconds)
        return self.has_died(name)

    def kill(self, name: str) -> None:
        """`kill -9`, wherever it is."""
        self._running[name].kill()
        self._running[name].join()

    def tell_to_stop(self, name: str) -> bool:
        """SIGTERM. Whether the process then stopped by itself, in time."""
        process = self._running[name]
        process.terminate()
        process.join(STOP_SECONDS)
        if process.exitcode is None:
            self.kill(name)
        return process.exitcode in (0, -SIGTERM)

    def await_ready(self, *, without: str | None = None) -> float:
        """Wait until every process, one perhaps excepted, is ready. Returns the seconds that it took.

        Raises NotReadyError.
        """
        began = time.monotonic()
        asked = [member for member in self.members.values() if member.name != without]
        while lacking := [member for member in asked if not member.is_ready]:
            self.revive()
            if time.monotonic() - began > READY_SECONDS:
                lacks = [f"{member.name} ({services.unreadiness(member.port)})" for member in lacking]
                raise NotReadyError(f"not ready after {READY_SECONDS:.0f} s: {', '.join(lacks)}")
            time.sleep(PAUSE)
        return time.monotonic() - began

    def revive(self) -> None:
        """Start again what ended by itself, and note it: an outage is to be waited out by the process that meets it."""
        for name in list(self._gone()):
            self.unexpected.append(f"{name} ended by itself with {self._running[name].exitcode}: see its log")
            self.start(name)

    def _gone(self) -> Iterator[str]:
        return (name for name in self._running if self.has_died(name))

    def stop(self) -> None:
        """Stop all, orderly where they listen."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for name, process in self._running.items():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                self.unexpected.append(f"{name} did not stop within {STOP_SECONDS:.0f} s of being told to")
                process.kill()
                process.join()
