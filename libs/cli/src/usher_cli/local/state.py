"""What runs of the system on this machine, as rows for a table: services, mail and servers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from usher_cli.local import env_file, services, system
from usher_cli.local.clone import Clone
from usher_cli.local.definition import SERVICES
from usher_cli.servers import lifecycle, programs
from usher_cli.servers.ports import LOOPBACK
from usher_cli.servers.programs import Program

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Row:
    """One program: `state` is ready, stopped, given (from outside), or what it lacks.

    Memory that several of its processes share is counted once.
    """

    name: str
    state: str
    address: str | None = None
    pid: int | None = None
    memory_mib: float | None = None
    since: datetime | None = None


def rows(clone: Clone) -> Iterator[Row]:
    """Services first, then mail, then servers."""
    before = env_file.earlier(clone.home)
    for service in SERVICES:
        port = services.port(clone, service, before)
        lack = services.unreadiness(port)
        yield row(service.name, f"{LOOPBACK}:{port}", services.program(clone, service, before), lack)
    mail = system.mail(clone)
    yield row(
        "mail",
        f"{LOOPBACK}:{system.mail_port(clone)}" if system.mail_port(clone) else None,
        mail,
        None if mail.is_ready() else "it does not answer",
    )
    for title, address, program in lifecycle.standings(clone.home):
        if program is None:
            yield Row(title, "given" if address else "stopped", address)
        else:
            yield row(title, address, program, None if program.is_ready() else "it does not answer")


def row(name: str, address: str | None, program: Program, lack: str | None) -> Row:
    """A program's row; `lack` is what keeps it from being ready."""
    running = programs.find(program)
    if running is None:
        return Row(name, "stopped", address)
    try:
        process = psutil.Process(running.pid)
        since = datetime.fromtimestamp(process.create_time(), UTC)
        parts = (process, *process.children(recursive=True))
        memory = sum(part.memory_full_info().pss for part in parts)
    except psutil.NoSuchProcess:
        return Row(name, "stopped", address)
    return Row(name, f"not ready: {lack}" if lack else "ready", address, running.pid, round(memory / MIB, 1), since)
