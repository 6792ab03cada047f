"""`usher demo`: the whole system with a sample district and a year behind it; and its clock, moved."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from usher_cli import local
from usher_cli.clients.session import outside
from usher_cli.demo import clock
from usher_cli.demo.run import Wanted, run, run_elsewhere
from usher_cli.demo.steps import Steps
from usher_cli.environment import elsewhere
from usher_cli.output import STDERR, show

PEOPLE = 1_500


def demo(
    ctx: typer.Context,
    data: Annotated[Path | None, typer.Option(help="A OneRoster set to use instead of the sample district.")] = None,
    people: Annotated[int, typer.Option(min=10, help="How many people work in the sample district.")] = PEOPLE,
    at: Annotated[str | None, typer.Option(help="Only move the clock: a day, a time (RFC 3339) or now.")] = None,
) -> None:
    """Bring up the system with a district in it; a second time, find it as it is.

    Where USHER_IDENTITY_URL names a service on another machine, nothing is started: the district goes there.
    """
    if at is not None:
        show(move_clock(clock.clock_file(outside(ctx).environment), at))
    elif given := elsewhere(os.environ):
        run_elsewhere(given, Wanted(data, people), Steps(STDERR))
    else:
        run(local.this_clone(), Wanted(data, people), Steps(STDERR))


def move_clock(file: Path, at: str) -> str:
    """Move the one clock to a time. Returns what that means."""
    moved = clock.move(file, clock.read_time(at))
    reads = f"Every service's clock reads {clock.moved_now(file):%Y-%m-%d %H:%M} UTC from now on"
    if moved.total_seconds() < 0:
        return f"{reads}: {-moved.days} days back. What has passed stays passed: licenses and seats never go back."
    if at == clock.NOW or clock.moved_now(file) <= datetime.now(UTC):
        return f"{reads}."
    return f"{reads}: what comes due until then is being done. `usher demo --at now` sets it back to the real time."
