"""Statements on machine clients."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.machines import Machine, MachineName

COLUMNS = ", ".join(one.name for one in fields(Machine))
FIND = text(f"select {COLUMNS} from machine_client where id = :id")
FIND_FOR_UPDATE = text(f"select {COLUMNS} from machine_client where id = :id for update")
FIND_NAMED = text(f"select {COLUMNS} from machine_client where tenant_id = :tenant and id = :id")
LIST = text(f"""
    select {COLUMNS} from machine_client
    where tenant_id = any(cast(:tenants as uuid[]))
        and (cast(:units as uuid[]) is null or org_id = any(cast(:units as uuid[])))
        and (cast(:after as uuid) is null or id > cast(:after as uuid))
    order by id limit :limit
""")
SAVE = text(f"""
    insert into machine_client ({COLUMNS})
    values (:tenant_id, :id, :org_id, :name, cast(:scopes as text[]), :secret_hash, :created_at, :former_hash,
        :former_until, :disabled_at, :used_at, :version)
    on conflict (tenant_id, id) do update
    set (name, scopes, secret_hash, former_hash, former_until, disabled_at, version)
        = (excluded.name, excluded.scopes, excluded.secret_hash, excluded.former_hash, excluded.former_until,
        excluded.disabled_at, excluded.version)
""")
REMOVE = text("delete from machine_client where tenant_id = :tenant and id = :id")
USED = text("""
    update machine_client set used_at = :at
    where tenant_id = :tenant and id = :id and (used_at is null or used_at < :before)
""")
USED_EVERY = timedelta(minutes=1)
"""How exactly its last use is known: a fleet that asks for tokens all at once is not to wait for one row."""


async def find_machine(conn: AsyncConnection, id_: UUID, *, for_update: bool = False) -> Machine | None:
    """The machine, as far as the transaction sees it."""
    row = (await conn.execute(FIND_FOR_UPDATE if for_update else FIND, {"id": id_})).one_or_none()
    return from_row(row) if row else None


async def find_named(conn: AsyncConnection, name: MachineName) -> Machine | None:
    row = (await conn.execute(FIND_NAMED, {"tenant": name.tenant_id, "id": name.id})).one_or_none()
    return from_row(row) if row else None


async def list_machines(
    conn: AsyncConnection, tenants: Sequence[UUID], units: Sequence[UUID] | None, after: UUID | None, limit: int
) -> list[Machine]:
    """Machines of these units, or of all, the oldest first."""
    asked = {"tenants": tenants, "units": units, "after": after, "limit": limit}
    return [from_row(row) for row in await conn.execute(LIST, asked)]


async def save_machine(conn: AsyncConnection, machine: Machine) -> None:
    values = {one.name: getattr(machine, one.name) for one in fields(Machine)}
    await conn.execute(SAVE, {**values, "scopes": list(machine.scopes)})


async def remove_machine(conn: AsyncConnection, machine: Machine) -> None:
    await conn.execute(REMOVE, {"tenant": machine.tenant_id, "id": machine.id})


async def use_machine(conn: AsyncConnection, name: MachineName, at: datetime) -> None:
    """Keep that it got a token now."""
    named = {"tenant": name.tenant_id, "id": name.id}
    await conn.execute(USED, {**named, "at": at, "before": at - USED_EVERY})


def from_row(row: Row[Any]) -> Machine:
    values = {one.name: getattr(row, one.name) for one in fields(Machine)}
    return Machine(**{**values, "scopes": tuple(row.scopes)})
