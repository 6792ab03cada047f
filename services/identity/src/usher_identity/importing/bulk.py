"""One bulk job from claim to end: whom its rows mean, then its people, then what they lose, each step a transaction."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_identity.domain.bulk import RowOutcome, RowResult
from usher_identity.domain.incoming import Issue
from usher_identity.domain.jobs import Job, Kind, Phase, State
from usher_identity.importing.claims import Claim, next_claim
from usher_identity.store.job_rows import hold_rows, load_next_tasks, load_rows, save_known, save_results, settle_staged
from usher_identity.store.organizations import load_organizations
from usher_identity.use_cases.bulk import ACT, read_rows, take_people
from usher_identity.use_cases.guarding import Held, judge, take_judged
from usher_identity.use_cases.recording import Act
from usher_identity.use_cases.written import about_people
from usher_kit import audit
from usher_kit.runtime import Runtime

BATCH_PEOPLE = 500
"""People changed in one transaction, so that a single change waits for no more."""

BATCH_ROWS = 5_000
"""Rows looked up in one transaction."""


async def run_next_bulk(runtime: Runtime) -> bool:
    """Run the bulk job that waits longest, to its end. Answers whether there was one."""
    async with next_claim(runtime, Kind.BULK) as claim:
        if claim is None:
            return False
        await Running(claim, await tenants_of(runtime, claim.job)).run()
        await claim.end(State.DONE)
    return True


async def tenants_of(runtime: Runtime, job: Job) -> Sequence[UUID]:
    """The tenants of whose people a job may speak."""
    tenants = await runtime.database.all_tenants()
    if job.target_id is None:
        return tenants
    async with runtime.database.transaction(tenants) as conn:
        found = await load_organizations(conn, [job.target_id])
    return [one.tenant_id for one in found.values()]


def act_of(job: Job) -> Act:
    """All that one job makes true holds since one moment, and its facts say which job they came from."""
    return Act(job.started_at or job.created_at, Cause(actor=job.actor, changeset=str(job.id)))


@dataclass(slots=True)
class Running:
    """A bulk job at work. Every step leaves what is to do next in the rows, so that any worker can go on."""

    claim: Claim
    tenants: Sequence[UUID]

    @property
    def job(self) -> Job:
        return self.claim.job

    async def run(self) -> None:
        """The phases that are still to do."""
        while self.job.phase == Phase.ROWS:
            await self.read_rows()
        while self.job.phase == Phase.PEOPLE:
            await self.take_people()
        while await self.take_losses():
            pass

    @asynccontextmanager
    async def step(self) -> AsyncIterator[AsyncConnection]:
        async with self.claim.transaction(self.tenants) as conn:
            yield conn

    async def read_rows(self) -> None:
        """Find out whom and what the next rows mean."""
        async with self.step() as conn:
            job = self.job
            rows = await load_rows(conn, job.tenant_id, job.id, job.position, BATCH_ROWS)
            if not rows:
                await self.claim.record(conn, Phase.PEOPLE, job.counts.get("rows.refused", 0), Counter())
                return
            tasks, results = await read_rows(conn, job, rows)
            await save_known(conn, job.tenant_id, job.id, tasks)
            await save_results(conn, job.tenant_id, job.id, results)
            await self.claim.record(conn, Phase.ROWS, rows[-1].number, count(results))

    async def take_people(self) -> None:
        """Do what is asked of the next people, or let the guard judge where there are none."""
        async with self.step() as conn:
            job = self.job
            tasks = await load_next_tasks(conn, job.tenant_id, job.id, BATCH_PEOPLE)
            if not tasks:
                held = await judge(conn, job, self.tenants, act_of(job))
                counts = Counter({"rows.held": await hold_rows(conn, job.tenant_id, job.id)})
                await self.claim.record(conn, Phase.LOSSES, job.position, counts, [held_issue(one) for one in held])
                return
            results = await take_people(conn, job, tasks, act_of(job))
            await self.claim.record(conn, Phase.PEOPLE, job.position + len(tasks), count(results))

    async def take_losses(self) -> bool:
        """Take a batch of what was not held. Answers whether there was any."""
        async with self.step() as conn:
            job, act = self.job, act_of(self.job)
            taken, is_more = await take_judged(conn, job, act, BATCH_PEOPLE)
            changed = [change for _, change in taken if change]
            await audit.record(conn, "identity", about_people(ACT, changed), at=act.at, cause=act.cause)
            people = [loss.person_id for loss, _ in taken]
            settled = await settle_staged(conn, job.tenant_id, job.id, people, RowOutcome.DONE)
            await self.claim.record(conn, Phase.LOSSES, job.position, Counter({"rows.done": settled}))
        return is_more


def count(results: Sequence[RowResult]) -> Counter[str]:
    """Rows by what became of them; those that wait for the guard are counted once it has judged."""
    return Counter(f"rows.{one.outcome}" for one in results if one.outcome is not RowOutcome.STAGED)


def held_issue(held: Held) -> Issue:
    """What a job reports of what the guard holds."""
    return Issue("rows", None, None, "mass_loss", held.reason)
