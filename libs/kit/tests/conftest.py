"""Fixtures for the kit's own tests: a database with the shared tables, and events to put through it."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Connection, Text, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from usher_cli.servers.addresses import Addresses
from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import HeldRole, UserChanged
from usher_kit.database import Database, app_role, async_url
from usher_kit.ids import new_id
from usher_kit.migrations import (
    MAKE_ROLE,
    append_only,
    create_database,
    create_directory,
    create_plumbing,
    grant,
    isolate,
)
from usher_kit.settings import with_database
from usher_kit.tables import tenant_id

DAY = datetime(2026, 9, 1, tzinfo=UTC)
TENANT = UUID(int=1)
SERVICE = "entitlements"


def create_tables(connection: Connection) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        create_plumbing()
        create_directory()
        op.create_table("record", tenant_id(), Column("line", Text))
        isolate("record")
        append_only("record")


@pytest.fixture
async def database(servers: Addresses) -> AsyncIterator[Database]:
    """A database of its own with the tables that every service shares, under a service's restricted role."""
    url = with_database(servers.postgres_url, f"kit_{uuid4().hex[:12]}")
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    await create_database(engine, url)
    async with engine.begin() as conn:
        await conn.execute(text(MAKE_ROLE.format(role=app_role(SERVICE))))
        await conn.run_sync(create_tables)
        await grant(conn, app_role(SERVICE))
    await engine.dispose()
    database = Database.connect(url, SERVICE)
    yield database
    await database.close()
    await drop(servers, url)


async def drop(servers: Addresses, url: str) -> None:
    maintenance = create_async_engine(
        async_url(with_database(servers.postgres_url, "postgres")), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    async with maintenance.connect() as conn:
        await conn.execute(text(f"drop database {url.rsplit('/', 1)[1]} with (force)"))
    await maintenance.dispose()


@pytest.fixture
def user_changed() -> Callable[..., Event[UserChanged]]:
    """Makes the event of a person's change."""

    def make(
        person: UUID | None = None, *, tenant: UUID = TENANT, version: int = 1, traceparent: str | None = None
    ) -> Event[UserChanged]:
        fact = UserChanged(
            tenant_id=tenant,
            id=person or new_id(),
            org_id=tenant,
            status="active",
            status_since=DAY,
            roles=(HeldRole(role="learner", since=DAY),),
            version=version,
            previous_version=version - 1,
        )
        return Event.of(fact, id=new_id(), at=DAY, cause=Cause(traceparent=traceparent))

    return make
