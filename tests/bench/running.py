"""The processes of a run: services as they are run in production, or programs of the benchmarks' own."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psutil
from tests.bench.ground import HOME, OWNERS, PROGRAMS, Ground

from usher_cli.local.services import unreadiness
from usher_cli.servers import ServerError, programs
from usher_cli.servers.programs import Program

SERVERS = ("postgres", "rabbitmq")
READY = "BENCH_READY"
"""The file that a program of the benchmarks' own makes once it consumes."""


def service(ground: Ground, name: str, role: str) -> Program:
    """One of the product's services, by its own program."""
    port = ground.ports[name]
    return Program(
        key=name,
        title=name.capitalize(),
        folder=ground.folder,
        command=(str(PROGRAMS / f"usher-{name}"), role),
        is_ready=lambda: unreadiness(port) is None,
        environment={**ground.environment, "USHER_PORT": str(port)},
        patience=120.0,
    )


def services(ground: Ground, roles: Mapping[str, str] | None = None) -> list[Program]:
    """All services, as workers where `roles` says nothing else."""
    return [service(ground, name, (roles or {}).get(name, "worker")) for name in OWNERS]


def modules(ground: Ground, package: str) -> list[Program]:
    """The programs of `tests.bench.<package>`, one a service."""
    return [module(ground, package, name) for name in OWNERS]


def module(ground: Ground, package: str, name: str) -> Program:
    ready = ground.folder / f"{name}.ready"
    return Program(
        key=name,
        title=f"{name.capitalize()}, {package}",
        folder=ground.folder,
        command=(sys.executable, "-m", f"tests.bench.{package}", name),
        is_ready=ready.exists,
        environment={**ground.environment, READY: str(ready)},
        patience=120.0,
    )


@contextmanager
def running(started: Sequence[Program]) -> Iterator[None]:
    """Have these programs running and ready for the time of a block. Raises ServerError with a program's last words."""
    try:
        for program in started:
            programs.launch(program)
        for program in started:
            programs.await_ready(program)
        yield
    finally:
        with ThreadPoolExecutor(len(started)) as pool:
            list(pool.map(programs.stop, started))


def cpu_used(started: Sequence[Program]) -> dict[str, float]:
    """The processor seconds that each of these programs and each of the servers has used, with what they started."""
    servers = [Program(key, key, HOME / "servers" / key, (), lambda: True) for key in SERVERS]
    found = {program.key: programs.find(program) for program in (*started, *servers)}
    return {key: seconds_of(psutil.Process(one.pid)) for key, one in found.items() if one}


def seconds_of(process: psutil.Process) -> float:
    """The processor time of a process, of those that it started, and of those among them that have ended."""
    own = process.cpu_times()
    used = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            used += times.user + times.system
    return float(used)


def refuse_ended(started: Sequence[Program]) -> None:
    """Raises ServerError, with its last words, where one of these programs has ended."""
    for program in started:
        if programs.find(program) is None:
            raise ServerError(f"{program.title} ended: {programs.last_words(program.log_file)} ({program.log_file})")
