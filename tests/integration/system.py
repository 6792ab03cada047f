"""The running system as tests across services see it, and a district of a test's own in it."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from usher_cli.clients.session import Outside, Session
from usher_cli.demo import clock
from usher_cli.environment import Environment
from usher_cli.examining.examination import examine_patiently
from usher_kit.ids import new_id

SYSTEM = pytest.mark.timeout(600)
"""The mark of a module whose tests use the running system: the first of them waits for its start."""

PATIENCE_SECONDS = 20.0
"""How long an effect may take on a busy machine before a test says that it does not come."""


@dataclass(frozen=True)
class System:
    """The system by its settings, as `.usher/env` holds them, and its services' databases by name, as their owner."""

    settings: Mapping[str, str] = field(repr=False)
    databases: Mapping[str, str] = field(repr=False)

    @property
    def around(self) -> Outside:
        """What a command finds around it here."""
        return Outside(Environment(self.settings))

    @property
    def spans(self) -> Path:
        return Path(self.settings["USHER_SPAN_STORE"])

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel to the broker, whose publications are confirmed and must find a queue."""
        async with await aio_pika.connect(self.settings["USHER_RABBITMQ_URL"]) as connection:
            yield await connection.channel(publisher_confirms=True, on_return_raises=True)


@dataclass(frozen=True)
class District:
    """A tenant of a test's own."""

    session: Session
    id: str
    mark: str = ""
    """A word in the names of its people, who have addresses then."""

    def license(self, product: str, seats: int, *, days: int = 365) -> str:
        """A term that runs since yesterday and for another year, or so many days. Returns its id."""
        now = datetime.now(UTC)
        term = {
            "org_id": self.id,
            "product": product,
            "seats": seats,
            "starts_at": (now - timedelta(days=1)).isoformat(),
            "ends_at": (now + timedelta(days=days)).isoformat(),
        }
        eventually(lambda: self.session.entitlements.seats(org_id=self.id))
        return str(self.session.entitlements.create_term(term)["id"])

    def person(self, name: str, *roles: str) -> str:
        """A new active person. Returns their id."""
        number = new_id()
        made = self.session.identity.create_user(
            {
                "org_id": self.id,
                "user_name": f"{name}-{number}",
                "display_name": f"{name} {self.mark}".strip(),
                "email": f"{number}@{self.mark.lower()}.example.org" if self.mark else None,
                "roles": list(roles),
            }
        )
        return str(made["id"])

    def figures(self, product: str) -> dict[str, Any]:
        """What the dashboard says of a product; empty before reporting knows the district."""
        products = self.session.reporting.dashboard(self.id)["products"]
        return next((one for one in products if one["product"] == product), {})

    def assigned(self, product: str) -> int | None:
        """How many seats reporting counts as assigned."""
        return self.figures(product).get("assigned")


def eventually(holds: Callable[[], Any], patience: float = PATIENCE_SECONDS) -> float:
    """Wait so many seconds until `holds` is true and raises nothing; fails with what it raised.

    Returns the seconds that it took.
    """
    began = time.monotonic()
    while True:
        late = time.monotonic() - began > patience
        try:
            if holds():
                return time.monotonic() - began
        except Exception:
            if late:
                raise
        assert not late, "it did not come to hold"
        time.sleep(0.01)


def settle(session: Session) -> None:
    """Wait until nothing is on its way any more, and see that every invariant holds."""
    findings = examine_patiently(session, PATIENCE_SECONDS)
    ill = {one.code: one.offenders for one in findings if not one.ok}
    assert not ill, ill
    eventually(lambda: session.service("usage").get("/v1/doctor")["due"] == 0)


class Time:
    """The one clock of the system, and the caller's token, which would not outlive a move."""

    def __init__(self, file: Path, session: Session) -> None:
        self._file = file
        self._session = session

    def reach(self, at: datetime) -> None:
        clock.move(self._file, at)
        self._session.credentials.renew()


def mail_to(system: System, address: str) -> list[EmailMessage]:
    folder = Path(system.settings["USHER_CLOCK_FILE"]).parent / "mail"
    files = sorted(folder.glob(f"*-{address}.eml"))
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]
