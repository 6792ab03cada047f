"""The services that listen, without their broker: each on a database of its own, applying facts as its worker does."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

import usher_entitlements.consumers
import usher_notifications.consumers
import usher_reporting.consumers
import usher_usage.consumers
from usher_contracts.envelope import Event
from usher_contracts.topology import BATCH_CONTENT_TYPE
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier, Apply
from usher_kit.database import Database
from usher_kit.wire import Message, decode
from usher_reporting.settings import ReportingSettings
from usher_usage.settings import UsageSettings

SAMPLES = Path(__file__).parents[2] / "libs" / "contracts" / "samples"

APPLIES: Mapping[str, Apply] = {
    "entitlements": usher_entitlements.consumers.APPLY,
    "usage": usher_usage.consumers.apply_by(UsageSettings(link_secret=SecretStr("signs the links of these tests"))),
    "notifications": usher_notifications.consumers.APPLY,
    "reporting": usher_reporting.consumers.apply_by(ReportingSettings(audit_signing_key=SecretStr("11" * 32))),
}

TABLES = text("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")


@dataclass(frozen=True)
class Consumer:
    """One service at work."""

    service: str
    database: Database

    async def hear(self, events: Sequence[Event[Any]], at: datetime) -> None:
        """Apply these facts as one batch, at that time."""
        await Applier(self.service, APPLIES[self.service], self.database, FixedClock(at)).run(events, [])

    async def ask(self, query: str, events: Sequence[Event[Any]], **parameters: Any) -> list[Any]:
        """What a query answers of the tenants of these facts, as a list of single values."""
        async with self.database.transaction({event.tenantid for event in events}) as conn:
            return list((await conn.scalars(text(query), parameters)).all())

    async def dead(self, events: Sequence[Event[Any]]) -> list[Any]:
        """Why any of these facts was set aside."""
        return await self.ask(
            "select attributes from outbox where routing_key = :queue", events, queue=f"{self.service}.dead"
        )

    async def rows_with(self, word: str, events: Sequence[Event[Any]]) -> list[str]:
        """The rows in which a word stands, of whatever table."""
        tables = sorted(await self.ask(TABLES.text, events))
        return [
            f"{table}: {row}"
            for table in tables
            for row in await self.ask(
                f"select t::text from {table} t where t::text ilike :word", events, word=f"%{word}%"
            )
        ]


@asynccontextmanager
async def working(service: str, new_database: Callable[[str], str]) -> AsyncIterator[Consumer]:
    database = Database.connect(new_database(service), service, connections=2)
    try:
        yield Consumer(service, database)
    finally:
        await database.close()


def read_sample(path: Path) -> Event[Any]:
    """A golden sample as today's code reads it from the wire."""
    body = json.dumps([json.loads(path.read_text())]).encode()
    [event], _ = decode(Message(path.stem.removeprefix("usher."), BATCH_CONTENT_TYPE, {}, body))
    return event
