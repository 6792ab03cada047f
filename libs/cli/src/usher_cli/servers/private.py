"""One private server in a folder of its own: start it once, find it again, stop it."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from usher_cli.servers import homes, programs
from usher_cli.servers.errors import ServerError
from usher_cli.servers.homes import Choice
from usher_cli.servers.programs import Program

# Told each step in words, as it is done.
Report = Callable[[str], object]


class Private(Protocol):
    """A kind of server that this package can run: PostgreSQL, RabbitMQ or Redis."""

    @property
    def key(self) -> str:
        """Its folder's name inside a home."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def ports(self) -> tuple[str, ...]:
        """The names of the ports that it needs; the first is the one that clients use."""

    def prepare(self, folder: Path, choice: Choice, report: Report) -> None:
        """Make what it needs on disk; called while it is down. Raises ServerError."""

    def programs(self, folder: Path, choice: Choice) -> tuple[Program, ...]:
        """What runs, in the order in which it starts; touches nothing."""


def start(server: Private, folder: Path, report: Report) -> bool:
    """Have the server running and ready. True when it was started now, False when it was found. Raises ServerError."""
    if _is_found(server, folder):
        return False
    stop(server, folder)
    choice = homes.choose(folder, server.ports)
    server.prepare(folder, choice, report)
    for program in server.programs(folder, choice):
        programs.launch(program)
        programs.await_ready(program)
    return True


def _is_found(server: Private, folder: Path) -> bool:
    """Whether it runs, once it is ready; one that dies meanwhile does not. Raises ServerError if it runs unready."""
    while is_running(server, folder):
        try:
            for program in _started(server, folder):
                programs.await_ready(program)
        except ServerError:
            if is_running(server, folder):
                raise
        else:
            return True
    return False


def is_running(server: Private, folder: Path) -> bool:
    """Whether all of its programs run; they may still be starting."""
    started = _started(server, folder)
    return bool(started) and all(programs.find(program) for program in started)


def is_ready(server: Private, folder: Path) -> bool:
    """Whether it runs and answers now."""
    return is_running(server, folder) and all(program.is_ready() for program in _started(server, folder))


def stop(server: Private, folder: Path) -> bool:
    """Stop what runs of it, last started first. True when there was something to stop."""
    stopped = [programs.stop(program) for program in reversed(_started(server, folder))]
    return any(stopped)


def _started(server: Private, folder: Path) -> tuple[Program, ...]:
    choice = homes.chosen(folder)
    return server.programs(folder, choice) if choice else ()
