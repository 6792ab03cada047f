"""The service's database: one engine, transactions opened for named tenants, and a call when facts were committed."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from usher_kit.settings import ServiceSettings, database_url
from usher_kit.telemetry.discretion import make_discreet
from usher_kit.versions import EPOCH

OWN_KEY = "usher.idempotency_key"
"""Where a connection carries the idempotency key of the request that its transaction belongs to."""

FACTS_ADDED = "usher.facts_added"
"""Where a connection carries what its transaction tells, an `Untold`, until the commit."""

OPEN_TENANTS = text("select set_config('usher.tenants', :tenants, true), (select number from epoch)")
OPEN_ALL = text("""
    select set_config('usher.tenants', cast(array(
        select id from tenant union select * from unnest(cast(:also as uuid[]))) as text), true),
        (select number from epoch)
""")
OPEN_MORE = text("""
    select set_config('usher.tenants', cast(array(
        select unnest(cast(current_setting('usher.tenants') as uuid[]))
        union select * from unnest(cast(:more as uuid[]))
    ) as text), true)
""")
OPEN_OUTBOX = text("select set_config('usher.relay', 'on', true), set_config('synchronous_commit', 'off', true)")
ALL_TENANTS = text("select id from tenant order by id")


class Untold(Protocol):
    """Facts that a transaction made true, and has not written yet."""

    async def write(self, conn: AsyncConnection) -> None:
        """Write them, as the last that the transaction does."""


class Contended(Exception):
    """The rows proved different once they were locked: roll back and decide again. Waiting helps."""


async def open_more(conn: AsyncConnection, tenants: Iterable[UUID]) -> None:
    """Let a transaction see the rows of `tenants` too, from here to its end."""
    await conn.execute(OPEN_MORE, {"more": sorted(tenants)})


def app_role(service: str) -> str:
    """The database role that a service works under, subject to row-level security."""
    return f"usher_{service}"


def reader_role(service: str, reader: str) -> str:
    """The database role of a service that reads a little of every tenant, by the name of what reads."""
    return f"{app_role(service)}_{reader}"


def async_url(url: str) -> str:
    """`url` with the asyncpg driver."""
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


class Database:
    """One service's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.apart: Callable[[], Database] = lambda: Database(engine)
        """Makes another one of the same kind with one connection of its own; whoever asks for it closes it."""
        self.on_facts: Callable[[], Any] = lambda: None
        """Called after a commit that added to the outbox: wakes this process's relay."""

    @classmethod
    def connect(cls, url: str, service: str, *, connections: int = 10) -> "Database":
        """A pool of at most `connections`, each under the service's own role, with UTC and without JIT."""
        engine = create_async_engine(
            async_url(url),
            pool_size=connections,
            max_overflow=0,
            pool_pre_ping=False,
            pool_use_lifo=True,  # the connection that was used last has its statements prepared
            hide_parameters=True,  # an error's text goes to logs and dead letters, where no personal data belongs
            connect_args={
                "server_settings": {
                    "role": app_role(service),
                    "timezone": "UTC",
                    "jit": "off",
                    "application_name": app_role(service),
                }
            },
        )
        make_discreet(engine.sync_engine)
        database = cls(engine)
        database.apart = lambda: cls.connect(url, service, connections=1)
        return database

    @asynccontextmanager
    async def transaction(self, tenants: Iterable[UUID] = ()) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees the rows of `tenants` alone; without any, it sees none."""
        listed = "{" + ",".join(map(str, tenants)) + "}"
        async with self._begin() as conn:
            _, conn.info[EPOCH] = (await conn.execute(OPEN_TENANTS, {"tenants": listed})).one()
            yield conn

    @asynccontextmanager
    async def transaction_of_all(self, also: Iterable[UUID] = ()) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees the rows of every tenant known here, and of `also`."""
        async with self._begin() as conn:
            _, conn.info[EPOCH] = (await conn.execute(OPEN_ALL, {"also": list(also)})).one()
            yield conn

    @asynccontextmanager
    async def snapshot(self, tenants: Iterable[UUID] = (), *, of_all: bool = False) -> AsyncIterator[AsyncConnection]:
        """One transaction of one moment that only reads: the rows of `tenants`, or of every tenant known here."""
        async with self.engine.connect() as conn:
            await conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with conn.begin():
                if of_all:
                    await conn.execute(OPEN_ALL, {"also": list(tenants)})
                else:
                    await conn.execute(OPEN_TENANTS, {"tenants": "{" + ",".join(map(str, tenants)) + "}"})
                yield conn

    @asynccontextmanager
    async def rolled_back(self, tenants: Iterable[UUID]) -> AsyncIterator[AsyncConnection]:
        """One transaction of one moment that sees the rows of `tenants`, and is rolled back in the end."""
        listed = "{" + ",".join(map(str, tenants)) + "}"
        async with self.engine.connect() as conn:
            await conn.execution_options(isolation_level="REPEATABLE READ")
            async with conn.begin() as transaction:
                _, conn.info[EPOCH] = (await conn.execute(OPEN_TENANTS, {"tenants": listed})).one()
                yield conn
                await transaction.rollback()

    @asynccontextmanager
    async def relay_transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees all tenants' rows of the outbox and of idempotency keys, and nothing else.

        Its commit waits for no disk: should the server die just then, what was removed is there again, and goes again.
        """
        async with self._begin() as conn:
            await conn.execute(OPEN_OUTBOX)
            yield conn

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        async with self.engine.connect() as conn:
            conn.info.pop(FACTS_ADDED, None)
            conn.info.pop(OWN_KEY, None)
            untold: Untold | None = None
            async with conn.begin():
                yield conn
                if untold := conn.info.get(FACTS_ADDED):
                    await untold.write(conn)
        if untold:
            self.on_facts()

    async def all_tenants(self) -> list[UUID]:
        """The ids of every tenant known here."""
        async with self.engine.connect() as conn:
            return list((await conn.scalars(ALL_TENANTS)).all())

    async def ping(self) -> None:
        """Ask the server for an answer; raises what the driver raises when it has none."""
        async with self.engine.connect() as conn:
            await conn.execute(text("select 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def database_for(service: str, settings: ServiceSettings) -> Database:
    """The service's database by its settings."""
    return Database.connect(database_url(settings, service), service, connections=settings.database_connections)
