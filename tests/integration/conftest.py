"""Fixtures of the tests of the whole system: the demo, made once for all that look at it."""

from pathlib import Path

import pytest
from rich.console import Console

from usher_cli.clients.session import Session
from usher_cli.demo import clock
from usher_cli.demo.making import make
from usher_cli.demo.record import Record, load
from usher_cli.demo.run import turn_back
from usher_cli.demo.steps import Steps

from .system import System

DEMO_PEOPLE = 60


@pytest.fixture(scope="session")
def steps() -> Steps:
    return Steps(Console(quiet=True))


@pytest.fixture
def record(system: System, session: Session, steps: Steps) -> Record:
    """The demo, small, as whoever made it wrote down."""
    home = Path(system.settings["USHER_CLOCK_FILE"]).parent
    known = load(home)
    if known is None:
        turn_back(clock.clock_file(session.environment))
        known = make(session, home, None, DEMO_PEOPLE, "a test's district", steps)
    return known
