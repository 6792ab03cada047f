"""Programs in the background: what a person reads when one does not start, and that nothing of it is left behind."""

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from usher_cli.servers import ServerError, programs
from usher_cli.servers.programs import Program


def program(folder: Path, source: str, **more: object) -> Program:
    said = folder / "echo.log"
    settings = {
        "is_ready": lambda: said.exists() and "ready" in said.read_text(),
        "environment": dict(os.environ),
    } | more
    return Program(key="echo", title="Echo", folder=folder, command=(sys.executable, "-uc", source), **settings)  # type: ignore[arg-type]


def test_a_program_that_stops_while_starting_is_quoted(tmp_path: Path) -> None:
    broken = program(tmp_path, "raise SystemExit('port 5672 is in use')")
    programs.launch(broken)
    with pytest.raises(ServerError, match=r"Echo stopped while starting: port 5672 is in use \(see .*echo\.log\)"):
        programs.await_ready(broken)


def test_a_program_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    slow = program(tmp_path, "import time; time.sleep(60)", patience=0.2)
    programs.launch(slow)
    with pytest.raises(ServerError, match="Echo is not ready after 0 s"):
        programs.await_ready(slow)
    assert programs.stop(slow)


def test_stopping_ends_the_children_too(tmp_path: Path) -> None:
    source = "import subprocess, time; print('ready', subprocess.Popen(['sleep', '60']).pid); time.sleep(60)"
    parent = program(tmp_path, source)
    programs.launch(parent)
    programs.await_ready(parent)
    child = int((tmp_path / "echo.log").read_text().split()[1])
    assert programs.stop(parent)
    deadline = time.monotonic() + 5
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlived its program"
        time.sleep(0.02)


def test_a_program_deaf_to_its_signal_is_ended_by_force(tmp_path: Path) -> None:
    source = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(60)"
    deaf = program(tmp_path, source, stop_patience=0.2)
    programs.launch(deaf)
    programs.await_ready(deaf)
    assert programs.stop(deaf)
    assert programs.find(deaf) is None


def test_stopping_what_does_not_run_does_nothing(tmp_path: Path) -> None:
    assert not programs.stop(program(tmp_path, ""))
