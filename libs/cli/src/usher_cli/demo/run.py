"""The demo from an empty machine to a district with a year behind it; what is there already stays as it is."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from usher_cli import local
from usher_cli.clients.calls import RefusedError
from usher_cli.clients.session import Outside, Session, open_session
from usher_cli.demo import clock
from usher_cli.demo.making import make
from usher_cli.demo.record import Record, load
from usher_cli.demo.steps import Steps
from usher_cli.demo.telling import tell
from usher_cli.environment import Environment
from usher_cli.local import Clone

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the demo is to be made of: a OneRoster set, or a generated district of so many people."""

    data: Path | None
    people: int

    @property
    def named(self) -> str:
        return str(self.data.resolve()) if self.data else f"a generated district of {self.people:,} people"


def run(clone: Clone, wanted: Wanted, steps: Steps) -> None:
    """Have the demo running, and say what there is. Raises Failure or ServerError, which say what to do."""
    if load(clone.home) is None:
        turn_back(clone.home / "clock")
    with steps.step("Servers and services"):
        settings = local.start(clone, steps.detail)
    fill(Environment(settings, clone.home / "env"), clone.home, wanted, steps)


def run_elsewhere(environment: Environment, wanted: Wanted, steps: Steps) -> None:
    """The same in a system that others started, as containers are: its record is beside the clock that it shares.

    Raises Failure where there is no such clock, which holds for every system that is not there to try things out.
    """
    fill(environment, clock.clock_file(environment).parent, wanted, steps)


def fill(environment: Environment, home: Path, wanted: Wanted, steps: Steps) -> None:
    """Have the demo in a running system; `home` keeps what it is made of, and its record."""
    known = load(home)
    with open_session(Outside(environment)) as session:
        record = known if known and is_there(session, known) else None
        if record is None:
            turn_back(clock.clock_file(session.environment))
            record = make(session, home, wanted.data, wanted.people, wanted.named, steps)
        elif wanted.data and record.made_of != wanted.named:
            steps.say(f"The demo here is of {record.made_of}; `make clean` makes room for another.")
        steps.say(f"Ready after {steps.seconds:.1f} s.\n")
        tell(session, record)


def turn_back(file: Path) -> None:
    """Set the clock a year back before anything is made, so that all of it is a year old."""
    file.parent.mkdir(parents=True, exist_ok=True)
    clock.move(file, datetime.now(UTC) - timedelta(days=clock.DAYS_BACK))


def is_there(session: Session, record: Record) -> bool:
    """Whether the services still know the recorded tenant: their data may have gone since."""
    try:
        session.identity.find_organization(record.tenant_id)
    except RefusedError as refused:
        if refused.status != NOT_FOUND:
            raise
        return False
    return True
