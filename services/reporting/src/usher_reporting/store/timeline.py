"""Reporting's own line of time: every tenant's transactions one after the other, each at a moment of its own."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

OWN_TENANTS = "unnest(cast(nullif(current_setting('usher.tenants', true), '') as uuid[]))"
ADD_PROGRESS = text(f"""
    insert into progress (tenant_id, as_of) select tenant, '-infinity' from {OWN_TENANTS} as own (tenant)
    where cast(:tenants as uuid[]) is null or tenant = any(cast(:tenants as uuid[])) order by 1 on conflict do nothing
""")
# The row of a tenant that another transaction holds is read again once that one has ended, so its moment is the latest.
LOCK_PROGRESS = text(f"""
    with locked as (
        select tenant_id, as_of from progress
        where cast(:tenants as uuid[]) is null or tenant_id = any(cast(:tenants as uuid[]))
        order by tenant_id for update
    ), moment as (
        select greatest(cast(:at as timestamptz), max(as_of) + interval '1 microsecond') as now, count(*) as tenants
        from locked
    ), set_forward as (
        update progress p set as_of = moment.now from locked, moment where p.tenant_id = locked.tenant_id
    )
    select set_config('usher.moment', cast(now as text), true), now, tenants = (
        select count(*) from {OWN_TENANTS} as own (tenant)
        where cast(:tenants as uuid[]) is null or tenant = any(cast(:tenants as uuid[]))
    ) as all_are_there
    from moment
""")
LOCKED = "usher.reporting.locked_in"
"""Where a connection carries the transaction that holds the lock, and its moment."""

SEAL = """
    update progress p set as_of = :at
    from (
        select tenant_id from progress
        where tenant_id = any(cast(:tenants as uuid[])) and as_of < :at order by tenant_id for update {busy}
    ) behind
    where p.tenant_id = behind.tenant_id
"""
SEAL_ALL = text(SEAL.format(busy=""))
SEAL_IDLE = text(SEAL.format(busy="skip locked"))
WATERMARKS = text("select min(as_of), max(as_of) from progress where tenant_id = any(cast(:tenants as uuid[]))")
LOOK_BACK = text("""
    select set_config('search_path', 'past, public', true), set_config('usher.at', cast(:at as text), true)
""")


async def lock_tenants(conn: AsyncConnection, at: datetime, tenants: Sequence[UUID] | None = None) -> datetime:
    """Lock these tenants (the transaction's own without them), in their order. Answers the transaction's moment.

    One transaction at a time brings a tenant's figures in step. Its moment is `at`, or just after that of the one
    before, where clocks differ; history is kept by it. Locked once, they stay so until the transaction's end. Those
    that are new get their rows first.
    """
    assert conn.sync_connection is not None  # noqa: S101 (a transaction is open)
    transaction = conn.sync_connection.get_transaction()
    held, moment = conn.info.get(LOCKED, (None, None))
    if held is transaction and moment is not None:
        return moment  # type: ignore[no-any-return]
    asked = {"tenants": None if tenants is None else list(tenants)}
    _, moment, all_are_there = (await conn.execute(LOCK_PROGRESS, asked | {"at": at})).one()
    if not all_are_there:
        await conn.execute(ADD_PROGRESS, asked)
        _, moment, _ = (await conn.execute(LOCK_PROGRESS, asked | {"at": at})).one()
    conn.info[LOCKED] = (transaction, moment)
    return moment  # type: ignore[no-any-return]


async def load_watermarks(conn: AsyncConnection, tenants: Sequence[UUID]) -> tuple[datetime, datetime] | None:
    """Up to which moment nothing more will be known of any of these tenants, and of the latest of them.

    None where nothing was known of them yet.
    """
    first, last = (await conn.execute(WATERMARKS, {"tenants": list(tenants)})).one()
    return None if last is None else (first, last)


async def seal(conn: AsyncConnection, tenants: Sequence[UUID], at: datetime, *, busy_ones: bool) -> None:
    """See to it that whatever comes is after `at`: it waits for `busy_ones` to write, or leaves them out."""
    await conn.execute(SEAL_ALL if busy_ones else SEAL_IDLE, {"tenants": list(tenants), "at": at})


async def look_back(conn: AsyncConnection, at: datetime) -> None:
    """Let every table that a statement names be what it was at `at`, from here to the transaction's end."""
    await conn.execute(LOOK_BACK, {"at": at.isoformat()})
