"""A program that runs in the background, with what it said when it would not: shared by mail and the services."""

import time
from collections.abc import Callable

from usher_cli.servers import ServerError, programs
from usher_cli.servers.private import Report
from usher_cli.servers.programs import Program

RUNS_UNREADY = 5.0  # seconds that a program found running may be unready, as while its servers come back
TAIL = 6  # lines of a log that a failure shows


def have(program: Program, report: Report, prepare: Callable[[], None] = lambda: None) -> None:
    """Have the program running and ready: found, or started after `prepare`. One that runs unready is started anew.

    Raises ServerError with its last words.
    """
    began = time.monotonic()
    runs = programs.find(program) is not None and programs.is_ready_within(program, RUNS_UNREADY)
    try:
        if not runs:
            programs.stop(program)
            prepare()
            programs.launch(program)
        programs.await_ready(program)
    except ServerError as error:
        raise ServerError(f"{error}{tail(program)}\nMend what it says, then run `usher up` again.") from error
    report(f"{program.title} {'runs' if runs else 'started'} ({time.monotonic() - began:.1f} s)")


def end(program: Program, report: Report) -> None:
    """Stop the program if it runs."""
    began = time.monotonic()
    if programs.stop(program):
        report(f"{program.title} stopped ({time.monotonic() - began:.1f} s)")


def tail(program: Program) -> str:
    """The end of its log, as lines to go below a message."""
    lines = program.log_file.read_text(errors="replace").splitlines() if program.log_file.exists() else []
    return "".join(f"\n  {line[:300]}" for line in lines[-TAIL:])
