"""Leases: one worker at a time makes an export, and whoever takes it up after a crash begins it anew."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT, Cause, Event
from usher_contracts.reporting import ExportReady
from usher_kit import outbox
from usher_kit.audit import Act, record
from usher_kit.ids import new_id
from usher_kit.leases import LEASE, LeaseLost, held
from usher_kit.runtime import Runtime
from usher_reporting.domain.exports import MAX_ATTEMPTS, Coverage, Export, State, Written
from usher_reporting.reports.reach import ROLES
from usher_reporting.store.exports import (
    claim_export,
    hold_export,
    release_export,
    remove_parts,
    renew_lease,
    save_coverage,
    save_end,
)
from usher_reporting.store.schedules import find_readers

log = structlog.get_logger()


@dataclass(slots=True)
class Lease:
    """A worker's hold on an export. `done` is how many rows are written."""

    runtime: Runtime
    export: Export
    token: UUID
    done: int = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction for the export's tenant. Raises LeaseLost before anything is done."""
        async with self.runtime.database.transaction([self.export.tenant_id]) as conn:
            if not await hold_export(conn, self.export, self.token):
                raise LeaseLost
            yield conn

    async def cover(self, coverage: Coverage) -> None:
        """Write down whose rows are going to be read, and forget what an earlier attempt left."""
        async with self.transaction() as conn:
            await save_coverage(conn, self.export, self.token, coverage)
            await remove_parts(conn, self.export)
        self.export = replace(self.export, coverage=coverage)

    async def fail(self, code: str, reason: str) -> None:
        """The export is over without a file."""
        async with self.transaction() as conn:
            await remove_parts(conn, self.export)
            await self.end(conn, replace(self.export, state=State.FAILED, error_code=code, error=reason))

    async def succeed(self, conn: AsyncConnection, written: Written, kept: timedelta) -> None:
        """The export is over, in the transaction that wrote the last of its file."""
        expires_at = self.runtime.clock.now() + kept
        made = replace(self.export, state=State.DONE, written=written, done=written.rows, expires_at=expires_at)
        readers = await readers_of(conn, made)
        await self.end(conn, replace(made, recipients=readers))
        await tell_ready(conn, self.export)

    async def end(self, conn: AsyncConnection, export: Export) -> None:
        self.export = replace(export, finished_at=self.runtime.clock.now())
        await save_end(conn, self.export)
        await record_end(conn, self.export, self.runtime.clock.now())

    async def renew(self) -> bool:
        """Hold on to it, and tell how far it is."""
        until = self.runtime.clock.now() + LEASE
        async with self.runtime.database.transaction([self.export.tenant_id]) as conn:
            return await renew_lease(conn, self.export, self.token, until, self.done)

    async def let_go(self) -> None:
        async with self.runtime.database.transaction([self.export.tenant_id]) as conn:
            await release_export(conn, self.export, self.token)

    async def give_back(self, error: Exception) -> None:
        """Let the next worker try, or end an export that fails again and again."""
        if self.export.attempts < MAX_ATTEMPTS:
            await self.let_go()
            return
        await self.fail("internal_error", f"given up after {MAX_ATTEMPTS} attempts ({type(error).__name__})")


async def readers_of(conn: AsyncConnection, export: Export) -> Sequence[UUID]:
    """Those of the export's recipients who may read by now what it holds."""
    if export.org_id is None or not export.recipients:
        return ()
    return await find_readers(conn, export.tenant_id, export.org_id, export.recipients, ROLES)


async def tell_ready(conn: AsyncConnection, export: Export) -> None:
    """Tell those for whom a schedule made the file that it is there."""
    if not (export.schedule_id and export.org_id and export.written and export.finished_at and export.recipients):
        return
    fact = ExportReady(
        tenant_id=export.tenant_id,
        id=export.id,
        org_id=export.org_id,
        schedule_id=export.schedule_id,
        report=export.report,
        format=export.format,
        rows=export.written.rows,
        recipients=tuple(export.recipients),
        expires_at=export.expires_at,
    )
    cause = Cause(actor=export.owner.actor, changeset=str(export.id))
    await outbox.add(conn, [Event.of(fact, id=new_id(), at=export.finished_at, cause=cause)])


async def record_end(conn: AsyncConnection, export: Export, at: datetime) -> None:
    """Write down what came of the export, under the name of whoever asked for it."""
    after: dict[str, JsonValue] = {"state": export.state, "report": export.report, "format": export.format}
    if export.written:
        after |= {"rows": export.written.rows, "bytes": export.written.size}
    act = Act("export.end", str(export.id), export.tenant_id, export.org_id, after=after, reason=export.error_code)
    await record(conn, "reporting", [act], at=at, cause=Cause(actor=export.owner.actor, changeset=str(export.id)))


@asynccontextmanager
async def next_lease(runtime: Runtime) -> AsyncIterator[Lease | None]:
    """The oldest export that nobody makes, kept as long as the block runs; none where there is none.

    A block that fails lets go of it; the next worker begins anew, up to `MAX_ATTEMPTS` times.
    """
    lease: Lease | None = None
    try:
        async with held(partial(take, runtime)) as lease:
            yield lease
    except LeaseLost:
        log.warning("export.lease_lost", export=str(lease.export.id) if lease else None)


async def take(runtime: Runtime) -> Lease | None:
    token, now = new_id(), runtime.clock.now()
    async with runtime.database.transaction_of_all([OPERATORS_TENANT]) as conn:
        export = await claim_export(conn, token, now, now + LEASE)
    return Lease(runtime, export, token) if export else None
