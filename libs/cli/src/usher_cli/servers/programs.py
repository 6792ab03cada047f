"""Programs that run in the background: start one once, know it again later, and end it with all it started."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from usher_cli.servers.errors import ServerError

PAUSE = 0.03  # seconds between two looks at a program that starts or stops
FORCE_PATIENCE = 5.0  # seconds that a killed process may take to let go of its ports


class LeftRunning(subprocess.Popen[bytes]):
    """A program that outlives us on purpose, of which Python would warn at exit."""

    def __del__(self) -> None:
        """Let it be."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process that was started. Pids are given anew, so the moment of its start (seconds after boot) goes with it."""

    pid: int
    since_boot: float

    @classmethod
    def of(cls, pid: int) -> "Running":
        return cls(pid, psutil.Process(pid).create_time() - psutil.boot_time())

    @property
    def is_alive(self) -> bool:
        """Whether that very process still runs; false after a crash, a `kill -9` or a reboot."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - psutil.boot_time() - self.since_boot) < 1
            # Dead, but not yet buried: until its last thread is gone it may still hold its ports.
            return same and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True, slots=True)
class Program:
    """How to run one program in the background.

    `folder` is where it works, and keeps `<key>.run`, which tells the process that runs, and its log unless `log`
    names another place. It gets `environment` and nothing else. `patience` and `stop_patience` are in seconds.
    """

    key: str
    title: str
    folder: Path
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    patience: float = 60.0
    stop_signal: int = signal.SIGTERM
    stop_patience: float = 15.0

    @property
    def record(self) -> Path:
        return self.folder / f"{self.key}.run"

    @property
    def log_file(self) -> Path:
        return self.log or self.folder / f"{self.key}.log"


def find(program: Program) -> Running | None:
    """The process of this program that runs now; None when none does, whatever an old record says."""
    try:
        running = Running(**json.loads(program.record.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return running if running.is_alive else None


def launch(program: Program) -> Running:
    """Start the program in a session of its own and return at once; its output is appended to its log."""
    program.folder.mkdir(parents=True, exist_ok=True)
    program.log_file.parent.mkdir(parents=True, exist_ok=True)
    with program.log_file.open("ab") as log:
        child = LeftRunning(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            cwd=program.folder,
            start_new_session=True,
        )
    running = Running.of(child.pid)
    program.record.write_text(json.dumps(asdict(running)))
    return running


def await_ready(program: Program) -> None:
    """Return when the program is ready for use. Raises ServerError when it stops first or takes too long."""
    if is_ready_within(program, program.patience):
        return
    if find(program) is None:
        raise ServerError(
            f"{program.title} stopped while starting: {last_words(program.log_file)} (see {program.log_file})"
        )
    raise ServerError(f"{program.title} is not ready after {program.patience:.0f} s: see {program.log_file}")


def is_ready_within(program: Program, patience: float) -> bool:
    """Wait until the program is ready; False when it stops first, or is not after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not program.is_ready():
        if find(program) is None or time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def stop(program: Program) -> bool:
    """End the program: by its own signal first, by force after its patience. True when there was something to end."""
    running = find(program)
    if running is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, program.stop_signal)
        _await_end(running, program.stop_patience)
        _end_session(running.pid)
        _await_end(running, FORCE_PATIENCE)
    program.record.unlink(missing_ok=True)
    return running is not None


def _await_end(running: Running, patience: float) -> None:
    deadline = time.monotonic() + patience
    while running.is_alive and time.monotonic() < deadline:
        time.sleep(PAUSE)


def _end_session(pid: int) -> None:
    """Kill what is left of the session that `pid` leads: itself, and children that outlived it."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == pid:
                process.kill()


def last_words(log: Path) -> str:
    """The last line that a program wrote, or what to say when it wrote none."""
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
