"""Claims: one worker at a time runs a job, and whoever takes it up after a crash goes on where it was."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from usher_kit.runtime import Runtime

LEASE = timedelta(seconds=60)
"""How long a job is left to a worker that says nothing."""

RENEW_SECONDS = 15

log = structlog.get_logger()


class ClaimLost(Exception):
    """Another worker has the job; this one's transaction is rolled back."""


@dataclass(slots=True)
class Claim:
    """A worker's hold on a job. `job` is as the last transaction left it."""

    runtime: Runtime
    job: Job
    token: UUID

    @asynccontextmanager
    async def transaction(self, tenants: Iterable[UUID]) -> AsyncIterator[AsyncConnection]:
        """One transaction for these tenants and the job. Raises ClaimLost before anything is done."""
        async with self.runtime.database.transaction(sorted({*tenants, self.job.tenant_id})) as conn:
            await plan_by_values(conn)
            if not await hold_job(conn, self.job, self.token):
                raise ClaimLost
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
    claim = await take_claim_unless_stopped(runtime, kind, is_read=is_read)
    if claim is None:
        yield None
        return
    beating = asyncio.create_task(keep_lease(claim))
    try:
        yield claim
    except ClaimLost:
        log.warning("job.claim_lost", job=str(claim.job.id))
    except Exception as error:
        await give_back(claim, error)
        raise
    except asyncio.CancelledError:
        await let_go(claim)
        raise
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating


async def take_claim_unless_stopped(runtime: Runtime, kind: Kind, *, is_read: bool = True) -> Claim | None:
    """Take a claim. A worker stopped meanwhile lets go of it, so that the next need not wait for the lease's end."""
    taking = asyncio.create_task(take_claim(runtime, kind, is_read=is_read))
    try:
        return await asyncio.shield(taking)
    except asyncio.CancelledError:
        if claim := await taking:
            await let_go(claim)
        raise


async def take_claim(runtime: Runtime, kind: Kind = Kind.IMPORT, *, is_read: bool = True) -> Claim | None:
    token, now = new_id(), runtime.clock.now()
    async with runtime.database.transaction_of_all() as conn:
        job = await claim_job(conn, kind, token, now, now + LEASE, is_read=is_read)
    return Claim(runtime, job, token) if job else None


async def keep_lease(claim: Claim) -> None:
    """Renew the lease as long as the work goes on."""
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        async with claim.runtime.database.transaction([claim.job.tenant_id]) as conn:
            if not await renew_lease(conn, claim.job, claim.token, claim.lease_end()):
                return


async def give_back(claim: Claim, error: Exception) -> None:
    """Let the next worker try, or end a job that fails again and again in one place."""
    if claim.job.attempts < MAX_ATTEMPTS:
        await let_go(claim)
        return
    reason = f"given up after {MAX_ATTEMPTS} attempts ({type(error).__name__}); what was taken until then stays"
    await claim.end(State.FAILED, "internal_error", reason)


async def postpone(claim: Claim, wait: timedelta) -> None:
    """Let go of a job until a while is over."""
    async with claim.runtime.database.transaction([claim.job.tenant_id]) as conn:
        await release_job(conn, claim.job, claim.token, claim.runtime.clock.now() + wait)


async def let_go(claim: Claim) -> None:
    async with claim.runtime.database.transaction([claim.job.tenant_id]) as conn:
        await release_job(conn, claim.job, claim.token)
