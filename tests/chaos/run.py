"""One run from the first server to the verdict: `play` is the whole of it."""

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx2
from aiosmtpd.controller import Controller

from usher_cli.auditing.verifying import verify_logs
from usher_cli.clients.session import Outside, Session, open_session
from usher_cli.environment import Environment
from usher_cli.examining.examination import examine
from usher_cli.failure import Failure
from usher_cli.local import Clone, env_file
from usher_cli.local.mail import Folder
from usher_cli.servers.homes import locked
from usher_cli.servers.ports import LOOPBACK, free_ports

from . import ledger
from .calling import Tally
from .echoes import Echoes
from .faults import choose
from .fleet import Fleet, NotReadyError, free_base, members
from .ground import Ground, database_settings
from .lanes import Traffic
from .observed import observe, outboxes
from .poison import Poisoner
from .scene import Scene
from .setting import LANES, make_setting
from .verdict import Verdict, digest

QUIET_SECONDS = 120.0
"""How long all that is under way in the end may take to come to rest."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to."""

    seed: int
    faults: int
    tally: Tally
    verdict: Verdict
    seconds: float
    books: str
    """A digest of people, demand and counts: the same in every run of a seed and a number of faults."""

    @property
    def is_sound(self) -> bool:
        return self.verdict.is_sound

    def as_json(self) -> str:
        """The figures (interfaces: Figures)."""
        figures = {
            "seed": self.seed,
            "faults": self.faults,
            "acknowledged": self.tally.acknowledged,
            "lost": len(self.verdict.lost),
            "doubled": len(self.verdict.doubled),
            "over_cap": len(self.verdict.over_cap),
            "invariants_broken": len(self.verdict.broken),
            "seconds": round(self.seconds, 1),
        }
        return json.dumps(figures, indent=2) + "\n"


def play(home: Path, seed: int, count: int, say: Say, *, disturbed: bool = True) -> Result:
    """Run the system under `home` through `count` faults; without `disturbed`, through the same acts alone."""
    began = time.monotonic()
    tally = Tally()
    with locked(home / "lock"), standing(home, say) as stage, ending(tally):
        say(f"ready after {time.monotonic() - began:.0f} s")
        verdict = Verdict()
        broker = stage.ground.addresses.rabbitmq_url
        echoes, poisoner = Echoes(broker, Random(f"echoes/{seed}")), Poisoner(broker, Random(f"poison/{seed}"))
        echoes.lay_tap()
        poisoner.found_tenant()
        sessions = [stage.open_session() for _ in range(len(LANES) + 1)]
        setting = make_setting(sessions, tally, seed, datetime.now(UTC).replace(microsecond=0))
        scene = Scene(
            stage.ground,
            stage.fleet,
            Traffic(setting.lanes),
            echoes,
            poisoner,
            setting.clerk,
            stage.open_browser(),
            verdict.broken,
        )
        for number, fault in enumerate(choose(seed, count), 1):
            if not disturbed:
                scene.skip(fault)
                continue
            at = time.monotonic() - began
            try:
                happened = scene.play(fault)
            except NotReadyError as error:
                happened = str(error)
                verdict.broken.append(f"after fault {number} ({fault}): {error}")
            say(f"{number:>3}/{count} {at:6.1f} s  {fault}: {happened}")
        scene.traffic.finish()
        setting.clerk.await_imports()
        verdict.broken += await_quiet(sessions[0], stage.ground)
        verdict.broken += verify_audit(sessions[0])
        books = setting.books()
        observed = asyncio.run(observe(stage.ground, poisoner.tenant))
        verdict.judge(books, observed, poisoner.poison, poisoner.forged)
        verdict.broken += tally.failures
    verdict.broken += stage.fleet.unexpected
    return Result(seed, count, tally, verdict, time.monotonic() - began, digest(books))


@contextmanager
def ending(tally: Tally) -> Iterator[None]:
    """Whatever ends the run ends its acts."""
    try:
        yield
    finally:
        tally.is_over = True


@dataclass(slots=True)
class Stage:
    """The system as it stands: its servers, its processes, and what calls it."""

    ground: Ground
    fleet: Fleet
    stack: ExitStack
    sessions: list[Session] = field(default_factory=list)

    def open_session(self) -> Session:
        """A client of every service, for one thread."""
        return self.stack.enter_context(open_session(Outside(Environment(self.fleet.settings))))

    def open_browser(self) -> httpx2.Client:
        """A browser at the console."""
        return self.stack.enter_context(httpx2.Client(base_url=self.fleet.settings["USHER_CONSOLE_URL"], timeout=30))


@contextmanager
def standing(home: Path, say: Say) -> Iterator[Stage]:
    """Servers, databases and processes, ready; all stopped in the end, and their data left for a look at it."""
    with ExitStack() as stack:
        ground = Ground.open(home, secrets.token_hex(4), say)
        stack.callback(ground.close)
        asyncio.run(ledger.install(ground.database("entitlements")))
        mail = Controller(Folder(fresh_folder(home / "mail")), hostname=LOOPBACK, port=free_ports(1)[0])
        mail.start()
        stack.callback(mail.stop)
        base = free_base()
        environment = {**os.environ, **database_settings(ground), env_file.PORT_BASE_VARIABLE: str(base)}
        clone = Clone(home, Path(sys.executable).parent, environment)
        settings = {**environment, **env_file.settings(clone, ground.addresses, f"smtp://{LOOPBACK}:{mail.port}")}
        del settings["USHER_CLOCK_FILE"], settings["USHER_SPAN_STORE"]
        fleet = Fleet(members(base), settings, fresh_folder(home / "charges"), fresh_folder(home / "log"))
        stack.callback(fleet.stop)
        fleet.start_all()
        fleet.await_ready()
        yield Stage(ground, fleet, stack)


def fresh_folder(path: Path) -> Path:
    """The folder, with nothing of the run before in it."""
    path.mkdir(parents=True, exist_ok=True)
    for old in path.iterdir():
        old.unlink()
    return path


def await_quiet(session: Session, ground: Ground) -> Sequence[str]:
    """Wait until nothing is under way. Answers what the doctors still find then; dead letters are judged apart."""
    deadline = time.monotonic() + QUIET_SECONDS
    while True:
        ill = find_unrest(session, ground)
        if not ill or time.monotonic() > deadline:
            return ill
        time.sleep(0.3)


def verify_audit(session: Session) -> list[str]:
    """What breaks the chains of the audit log (I7)."""
    return [
        f"audit log of {one.extent.tenant_id}: {found.code} at {found.place}"
        for one in verify_logs(session.reporting, None, [])
        for found in one.findings
    ]


def find_unrest(session: Session, ground: Ground) -> list[str]:
    """What is under way or does not hold, at this moment."""
    try:
        findings = [one for one in examine(session) if one.code != "dead"]
        due = session.service("usage").get("/v1/doctor")["due"]
    except Failure as failure:
        return [str(failure)]
    waiting = {owner: count for owner, count in asyncio.run(outboxes(ground)).items() if count}
    ill = [f"{one.code}: {offender}" for one in findings for offender in one.offenders]
    ill += [f"{owner}: {count} facts wait in the outbox" for owner, count in waiting.items()]
    return [*ill, *([f"usage: {due} seats are due to be judged"] if due else [])]
