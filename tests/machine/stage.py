"""The running system that the machine drives: services as processes that can be ended, on one clock that it moves."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import asyncpg
from tests.chaos.calling import Caller, Tally
from tests.chaos.fleet import Fleet

from usher_cli.clients.calls import AwayError, RefusedError
from usher_cli.clients.session import Outside, Session
from usher_cli.demo.clock import move, moved_now
from usher_cli.environment import Environment
from usher_cli.examining.examination import examine
from usher_cli.failure import Failure

QUIET_SECONDS = 120.0
"""How long all that is under way may take to come to rest, on a busy machine."""

WELCOME_SECONDS = 60.0
PAUSE_SECONDS = 0.2
ANSWERED = {"entitlements": "/v1/products", "usage": "/v1/activity"}
"""What services that acts are sent to are asked, to see whether they take a token."""


@dataclass(slots=True)
class Stage:
    """The processes, what calls them, and their databases by service. One district after the other lives on it."""

    fleet: Fleet
    session: Session
    databases: Mapping[str, str]
    tally: Tally = field(default_factory=Tally)

    @property
    def caller(self) -> Caller:
        return Caller(self.session, self.tally)

    @property
    def around(self) -> Outside:
        """What a command finds around it here."""
        return Outside(Environment(self.fleet.settings))

    @property
    def broker(self) -> str:
        return self.fleet.settings["USHER_RABBITMQ_URL"]

    @property
    def clock(self) -> Path:
        return Path(self.fleet.settings["USHER_CLOCK_FILE"])

    def now(self) -> datetime:
        """What the one clock reads."""
        return moved_now(self.clock)

    def let_pass(self, days: int, asked: Iterable[str]) -> None:
        """Move the one clock ahead. Returns once these services take the tokens that identity gives then."""
        move(self.clock, self.now() + timedelta(days=days))
        self.session.credentials.renew()
        deadline = time.monotonic() + WELCOME_SECONDS
        for service in asked:
            while not self.is_welcome(service):
                assert time.monotonic() < deadline, f"{service} takes no token"
                time.sleep(PAUSE_SECONDS)

    def is_welcome(self, service: str) -> bool:
        """Whether the service takes the token of its caller.

        Months that pass in a moment bring keys that it has not read yet; it looks for unknown ones every few seconds.
        """
        try:
            self.session.service(service).get(ANSWERED[service], limit=1)
        except AwayError:
            return False
        except RefusedError as error:
            return error.status != HTTPStatus.UNAUTHORIZED
        return True

    def await_quiet(self) -> None:
        """Wait until nothing is under way any more. Fails with what still is, or does not hold."""
        deadline = time.monotonic() + QUIET_SECONDS
        while ill := self.find_unrest():
            assert time.monotonic() < deadline, ill
            time.sleep(PAUSE_SECONDS)

    def find_unrest(self) -> list[str]:
        """What is under way, or does not hold, at this moment."""
        try:
            findings = examine(self.session)
            due = self.session.service("usage").get("/v1/doctor")["due"]
        except Failure as failure:
            return [str(failure)]
        ill = [f"{one.code}: {offender}" for one in findings for offender in one.offenders]
        return [*ill, *([f"usage: {due} seats are due to be judged"] if due else [])]

    async def connect(self) -> "dict[str, asyncpg.Connection[asyncpg.Record]]":
        """A connection to each service's database."""
        return {service: await asyncpg.connect(url) for service, url in self.databases.items()}
