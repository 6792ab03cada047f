"""The ledger: every state that entitlements committed, written down by triggers in its database as it is decided.

Pools are locked from before a decision until its commit. So of one pool, the ledger's order is that of the commits, and
what a decision did not undo is rolled back with it. The claims tell the same history, but not a change of place in
line, which makes no version: who waited where, at the moment of a decision, only the rows themselves tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

INSTALL = """
    create schema chaos;
    create sequence chaos.moment;
    create table chaos.seat_state (
        seq bigint primary key default nextval('chaos.moment'),
        tx bigint not null default pg_current_xact_id()::text::bigint,
        user_id uuid, product text, pool_id uuid, state text, wanted_since timestamptz, priority int,
        first_in_line bool, version bigint, old_pool_id uuid, old_state text, old_version bigint);
    create table chaos.pool_state (
        seq bigint primary key default nextval('chaos.moment'),
        tx bigint not null default pg_current_xact_id()::text::bigint,
        pool_id uuid, org_id uuid, product text, license_state text, capacity int, extra int,
        capacity_with_grace int, extra_with_grace int, over_allocated bool, carried_in int, assigned int,
        waitlisted int, as_of timestamptz);
    create function chaos.keep_seat() returns trigger language plpgsql security definer as $$ begin
        insert into chaos.seat_state (user_id, product, pool_id, state, wanted_since, priority, first_in_line,
            version, old_pool_id, old_state, old_version)
        select new.user_id, new.product, new.pool_id, new.state, new.wanted_since, new.priority,
            new.first_in_line, new.version, old.pool_id, old.state, old.version;
        return null;
    end $$;
    create function chaos.keep_pool() returns trigger language plpgsql security definer as $$ begin
        insert into chaos.pool_state (pool_id, org_id, product, license_state, capacity, extra,
            capacity_with_grace, extra_with_grace, over_allocated, carried_in, assigned, waitlisted, as_of)
        select new.id, new.org_id, new.product, new.license_state, new.capacity, new.extra,
            new.capacity_with_grace, new.extra_with_grace, new.over_allocated, new.carried_in, new.assigned,
            new.waitlisted, new.as_of;
        return null;
    end $$;
    create trigger chaos_keep_seat after insert or update on seat
        for each row execute function chaos.keep_seat();
    create trigger chaos_keep_pool after insert or update on pool
        for each row execute function chaos.keep_pool();
"""
SEATS = "select * from chaos.seat_state"
POOLS = "select * from chaos.pool_state"


@dataclass(frozen=True, slots=True)
class SeatState:
    """A seat as one transaction left it, and as it was before; `old_*` are None for a new one."""

    seq: int
    tx: int
    user_id: str
    product: str
    pool_id: str
    state: str
    wanted_since: datetime
    version: int = 1
    priority: int = 0
    first_in_line: bool = False
    old_pool_id: str | None = None
    old_state: str | None = None
    old_version: int | None = None

    @property
    def place(self) -> tuple[int, int, datetime, str]:
        """Where in line the person is: lower goes first (seats: Place)."""
        return (0 if self.first_in_line else 1, self.priority, self.wanted_since, self.user_id)

    @property
    def was_seated_here(self) -> bool:
        return self.old_state == "assigned" and self.old_pool_id == self.pool_id

    @property
    def came_along(self) -> bool:
        """Whether the seat was carried over with its unit: one version, where a transfer is a release and another."""
        moved = self.old_pool_id is not None and self.old_pool_id != self.pool_id
        return moved and self.old_state == "assigned" and self.old_version == self.version - 1


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool as one transaction left it. `extra` is its overage, None where there is no limit."""

    seq: int
    tx: int
    pool_id: str
    capacity: int
    assigned: int
    waitlisted: int = 0
    org_id: str = ""
    product: str = ""
    extra: int | None = 0
    capacity_with_grace: int = 0
    extra_with_grace: int | None = 0
    over_allocated: bool = False
    carried_in: int = 0
    license_state: str = "active"
    as_of: datetime | None = None

    @property
    def gives(self) -> int | None:
        """How many seats newcomers may bring it to; None is no limit."""
        return None if self.extra is None else self.capacity + self.extra

    @property
    def keeps(self) -> int | None:
        """How many seats holders may keep."""
        return None if self.extra_with_grace is None else self.capacity_with_grace + self.extra_with_grace


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that was committed, in order."""

    seats: Sequence[SeatState]
    pools: Sequence[PoolState]


async def install(url: str) -> None:
    """Begin to write down what entitlements commits."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(INSTALL)
    finally:
        await connection.close()


async def read(url: str) -> Ledger:
    """What was written down."""
    connection = await asyncpg.connect(url)
    try:
        seats = [SeatState(**told(row)) for row in await connection.fetch(f"{SEATS} order by seq")]
        pools = [PoolState(**told(row)) for row in await connection.fetch(f"{POOLS} order by seq")]
    finally:
        await connection.close()
    return Ledger(seats, pools)


def told(row: asyncpg.Record) -> dict[str, Any]:
    """A row by name, its ids as text."""
    return {name: str(value) if isinstance(value, UUID) else value for name, value in row.items()}
