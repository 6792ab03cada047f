"""The check: what is known of a person's use of a product, in one statement, by primary keys, without their tenant.

It goes to the driver itself, on connections of its own: SQLAlchemy and a transaction that opens tenants, the way of all
other statements, would cost several times what the answer does.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from usher_kit.database import reader_role
from usher_kit.errors import Unavailable

ROLE = reader_role("entitlements", "check")
"""Reads a few columns of people, seats and pools of all tenants, and nothing else."""

PATIENCE_SECONDS = 5.0
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)
CHECK = """
    select p.tenant_id, p.org_id, s.state, o.usable_until
    from person p
    left join seat s on s.tenant_id = p.tenant_id and s.user_id = p.id and s.product = $2
    left join pool o on o.tenant_id = s.tenant_id and o.id = s.pool_id
    where p.id = $1
"""


@dataclass(frozen=True, slots=True)
class Use:
    """A known person's use of a product; `state` is of their seat, None where they never had one."""

    tenant_id: UUID
    org_id: UUID
    state: str | None
    usable_until: datetime | None

    def until(self, at: datetime) -> datetime | None:
        """When the use ends that is allowed at `at`; None where none is."""
        is_open = self.state == "assigned" and self.usable_until is not None and at < self.usable_until
        return self.usable_until if is_open else None


async def check(connection: Any, user_id: UUID, product: str) -> Use | None:
    """By a connection of the driver. None for a person who is not known."""
    row = await connection.fetchrow(CHECK, user_id, product)
    return Use(*row) if row else None


@dataclass(frozen=True, slots=True)
class Checks:
    """Connections for checks alone. Each statement is a transaction by itself, prepared once a connection."""

    pool: Any

    async def find(self, user_id: UUID, product: str) -> Use | None:
        """None for a person who is not known. Raises Unavailable while the database is away."""
        try:
            async with self.pool.acquire(timeout=PATIENCE_SECONDS) as connection:
                return await check(connection, user_id, product)
        except AWAY as error:
            raise Unavailable("The database does not answer right now; ask again in a moment.") from error


@asynccontextmanager
async def connections_for_checks(url: str, most: int) -> AsyncIterator[Checks]:
    """At most so many connections, each made when it is first needed."""
    settings = {"role": ROLE, "timezone": "UTC", "jit": "off", "application_name": ROLE}
    async with asyncpg.create_pool(url, min_size=0, max_size=most, server_settings=settings, reset=leave) as pool:
        yield Checks(pool)


async def leave(connection: Any) -> None:
    """Nothing is to be set back: a check sets nothing."""
