"""Claims: one worker at a time runs a job, and whoever takes it up after a crash goes on where it was."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_identity.domain.incoming import Issue
from usher_identity.domain.jobs import MAX_ATTEMPTS, Job, Kind, Phase, State
from usher_identity.store.job_issues import add_issues, remove_issues
from usher_identity.store.job_people import remove_people
from usher_identity.store.jobs import (
    claim_job,
    hold_job,
    plan_by_values,
    release_job,
    renew_lease,
    save_end,
    save_progress,
)
from usher_identity.store.rosters import forget_reading
from usher_identity.store.uploads import remove_upload
from usher_kit.audit import Act, record
from usher_kit.ids import new_id
from usher_kit.leases import LEASE, LeaseLost, held
from usher_kit.runtime import Runtime

log = structlog.get_logger()


@dataclass(slots=True)
class Claim:
    """A worker's hold on a job. `job` is as the last transaction left it."""

    runtime: Runtime
    job: Job
    token: UUID

    @asynccontextmanager
    async def transaction(self, tenants: Iterable[UUID]) -> AsyncIterator[AsyncConnection]:
        """One transaction for these tenants and the job. Raises LeaseLost before anything is done."""
        async with self.runtime.database.transaction(sorted({*tenants, self.job.tenant_id})) as conn:
            await plan_by_values(conn)
            if not await hold_job(conn, self.job, self.token):
                raise LeaseLost
            yield conn

    async def record(
        self,
        conn: AsyncConnection,
        phase: Phase,
        position: int,
        counts: Counter[str],
        issues: Sequence[Issue] = (),
    ) -> None:
        """Write what this transaction did, so that it is never done or counted again."""
        first = self.job.issues
        await add_issues(conn, self.job.tenant_id, self.job.id, first, issues)
        self.job = replace(
            self.job,
            phase=phase,
            position=position,
            counts=Counter(self.job.counts) + counts,
            issues=first + len(issues),
            attempts=0,
        )
        await save_progress(conn, self.job, self.lease_end())

    async def begin_again(self) -> None:
        """Forget how far a dry run came: it has left nothing that could tell what was counted before."""
        async with self.transaction([]) as conn:
            self.job = replace(self.job, phase=Phase.ORGANIZATIONS, position=0, counts={}, issues=0)
            await remove_issues(conn, self.job.tenant_id, self.job.id)
            await remove_people(conn, self.job.tenant_id, self.job.id)
            await save_progress(conn, self.job, self.lease_end())

    async def end(self, state: State, error_code: str | None = None, error: str | None = None) -> None:
        """The job is over, and what was uploaded for it is forgotten."""
        async with self.transaction([]) as conn:
            at = self.runtime.clock.now()
            self.job = replace(
                self.job, state=state, phase=Phase.OVER, finished_at=at, error_code=error_code, error=error
            )
            await save_end(conn, self.job)
            await remove_upload(conn, self.job.tenant_id, self.job.id)
            await forget_reading(conn, self.job.tenant_id, self.job.id)
            await record_end(conn, self.job, at)

    def lease_end(self) -> datetime:
        return self.runtime.clock.now() + LEASE

    async def renew(self) -> bool:
        async with self.runtime.database.transaction([self.job.tenant_id]) as conn:
            return await renew_lease(conn, self.job, self.token, self.lease_end())

    async def let_go(self, wait: timedelta | None = None) -> None:
        """Leave it for any worker to take up: at once, or after a while."""
        until = self.runtime.clock.now() + wait if wait else None
        async with self.runtime.database.transaction([self.job.tenant_id]) as conn:
            await release_job(conn, self.job, self.token, until)

    async def give_back(self, error: Exception) -> None:
        """Let the next worker try, or end a job that fails again and again in one place."""
        if self.job.attempts < MAX_ATTEMPTS:
            await self.let_go()
            return
        reason = f"given up after {MAX_ATTEMPTS} attempts ({type(error).__name__}); what was taken until then stays"
        await self.end(State.FAILED, "internal_error", reason)


async def record_end(conn: AsyncConnection, job: Job, at: datetime) -> None:
    """Write down what came of the job, under the name of whoever started it."""
    after: dict[str, JsonValue] = {"state": str(job.state), "issues": job.issues, **job.counts}
    act = Act(f"{job.kind}.end", str(job.id), job.tenant_id, job.target_id, after=after, reason=job.error_code)
    await record(conn, "identity", [act], at=at, cause=Cause(actor=job.actor, changeset=str(job.id)))


@asynccontextmanager
async def next_claim(
    runtime: Runtime, kind: Kind = Kind.IMPORT, *, is_read: bool = True
) -> AsyncIterator[Claim | None]:
    """The oldest job of a kind that nobody works on, kept as long as the block runs; none where there is none.

    `is_read` False asks for one whose rows are still to be read from elsewhere.

    A block that fails lets go of the job; the next worker tries again, up to `MAX_ATTEMPTS` times in one place.
    """
    claim: Claim | None = None
    try:
        async with held(partial(take_claim, runtime, kind, is_read=is_read)) as claim:
            yield claim
    except LeaseLost:
        log.warning("job.claim_lost", job=str(claim.job.id) if claim else None)


async def take_claim(runtime: Runtime, kind: Kind = Kind.IMPORT, *, is_read: bool = True) -> Claim | None:
    token, now = new_id(), runtime.clock.now()
    async with runtime.database.transaction_of_all() as conn:
        job = await claim_job(conn, kind, token, now, now + LEASE, is_read=is_read)
    return Claim(runtime, job, token) if job else None
