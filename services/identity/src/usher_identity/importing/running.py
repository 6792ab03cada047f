"""One import from claim to end: read the set, then organizations, people and absences, each step a transaction."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_identity.domain.import_losses import outcome_of_loss
from usher_identity.domain.import_organizations import OrganizationPlan, Rows
from usher_identity.domain.import_plan import ImportRules, PersonChange
from usher_identity.domain.import_survey import Item, Survey, is_there, mapped_of, repetition_issue, survey_people
from usher_identity.domain.incoming import Issue, Severity
from usher_identity.domain.jobs import Job, Phase, State
from usher_identity.domain.losses import Loss
from usher_identity.domain.mapping import DEFAULT, SDS, Counted, MappedPerson, RoleMapping
from usher_identity.domain.rosters import Reading
from usher_identity.importing.claims import Claim, next_claim
from usher_identity.importing.rosters.packing import pack
from usher_identity.oneroster.manifest import Mode
from usher_identity.oneroster.reading import RosterSet, read_zip
from usher_identity.oneroster.refusal import SetRefused
from usher_identity.store.job_people import add_people
from usher_identity.store.rosters import load_reading, save_done
from usher_identity.store.sources import Named, find_tenants_of_roots, list_present
from usher_identity.store.uploads import read_parts
from usher_identity.use_cases.calendars import take_sessions
from usher_identity.use_cases.guarding import judge, overtake, take_judged
from usher_identity.use_cases.import_organizations import Tenants, take_organizations
from usher_identity.use_cases.import_people import held_issue, let_go_absent, take_people
from usher_identity.use_cases.import_preview import Foresight, foreseen
from usher_identity.use_cases.recording import Act
from usher_kit.ids import new_id
from usher_kit.runtime import Runtime
from usher_kit.telemetry import names
from usher_kit.telemetry.tracing import span

BATCH_PEOPLE = 1_000
"""People decided on in one transaction."""

BATCH_ROWS = 20_000
"""Rows read in one transaction at most, where most are merely counted."""


async def run_next_import(runtime: Runtime) -> bool:
    """Run the import that waits longest, to its end. Answers whether there was one."""
    async with next_claim(runtime) as claim:
        if claim is None:
            return False
        await run_import(claim)
    return True


async def run_import(claim: Claim) -> None:
    """Take the set, or end the job with the reason why it cannot be taken."""
    if claim.job.is_dry_run:
        await claim.begin_again()
    with TemporaryFile() as file:
        reading = await fetch_set(claim, file)
        try:
            running = await asyncio.to_thread(prepare, claim, file)
        except SetRefused as refused:
            await claim.end(State.FAILED, refused.code, refused.reason)
            return
        await running.run()
    await claim.end(State.DONE)
    if reading and not claim.job.is_dry_run:
        await keep_how_far(claim, reading)


async def keep_how_far(claim: Claim, reading: Reading) -> None:
    """From when on a roster's changes are asked for next. Whatever is forgotten of this is merely read again."""
    job = claim.job
    if not reading.is_whole or job.started_at is None:
        return
    whole_at = job.started_at if job.mode == Mode.BULK else None
    async with claim.runtime.database.transaction([job.tenant_id]) as conn:
        await save_done(conn, job.tenant_id, job.source, reading.since(job.started_at), whole_at)


async def fetch_set(claim: Claim, file: IO[bytes]) -> Reading | None:
    """Bring the set to this machine: what was uploaded, or read over REST. Answers how far a roster was read."""
    async with claim.transaction([]) as conn:
        reading = await load_reading(conn, claim.job.tenant_id, claim.job.id)
    if not reading.collections:
        await fetch_upload(claim, file)
        return None
    await pack(claim, reading, file)
    return reading


async def fetch_upload(claim: Claim, file: IO[bytes]) -> None:
    """Bring what was uploaded to this machine."""
    async with claim.transaction([]) as conn:
        async for part in read_parts(conn, claim.job.tenant_id, claim.job.id):
            file.write(part)
    file.seek(0)


def prepare(claim: Claim, file: IO[bytes]) -> "Running":
    """Read the set once to its end, so that a set that cannot be taken is refused before anything of it is."""
    roster = read_zip(file)  # type: ignore[arg-type]
    mapping = mapping_for(claim.job, roster)
    read = partial(roster.people, mapping.count_as)
    survey = survey_people(read, mapping, is_bulk=roster.mode is Mode.BULK)
    return Running(claim, roster, mapping, survey)


def mapping_for(job: Job, roster: RosterSet) -> RoleMapping:
    """The dialect's mapping with the source's own words."""
    return (SDS if roster.dialect.is_sds else DEFAULT).overridden(job.words.roles, job.words.counted)


@dataclass(slots=True)
class Running:
    """An import at work."""

    claim: Claim
    roster: RosterSet
    mapping: RoleMapping
    survey: Survey
    foresight: Foresight = field(default_factory=Foresight)
    """What a dry run would do, which writes and stages nothing."""

    @property
    def job(self) -> Job:
        return self.claim.job

    @property
    def act(self) -> Act:
        """All that one import makes true holds since one moment, and its facts say which import they came from."""
        job = self.job
        at = job.started_at or job.created_at
        return Act(at, Cause(actor=job.actor, changeset=str(job.id)))

    @property
    def is_bulk(self) -> bool:
        return self.roster.mode is Mode.BULK

    async def run(self) -> None:
        """The phases that are still to do."""
        plan, tenants = await self.take_organizations()
        await self.take_people(plan, tenants)
        if self.is_bulk:
            await self.let_go_absent(tenants)
        await self.take_losses(tenants, plan)

    async def take_organizations(self) -> tuple[OrganizationPlan, Sequence[UUID]]:
        """Take the organizations. When a job is taken up again, they are merely found: all is as they left it."""
        rows = Rows.of(self.roster.organizations.organizations)
        tenants = await self.tenants_of(rows)
        is_first = self.job.phase == Phase.ORGANIZATIONS
        async with self.claim.transaction(tenants.all) as conn:
            with span(names.SPAN_IMPORT):
                job = self.job if is_first else replace(self.job, is_dry_run=True)
                plan = await take_organizations(conn, job, rows, tenants, self.act)
                if is_first:
                    await self.overtake(conn, tenants.known)
                    self.describe()
                    await self.take_sessions(conn, plan)
                    found = [*self.roster.organizations.issues, *plan.issues]
                    counts = organization_counts(plan, found)
                    issues = [*self.roster.notes, *found, *self.roster.sessions.issues]
                    await self.claim.record(conn, Phase.PEOPLE, 0, counts, issues)
        about = {place.tenant_id for place in plan.places.values()}
        return plan, sorted(about if self.job.target_id is None else {*about, self.job.target_id})

    async def take_sessions(self, conn: AsyncConnection, plan: OrganizationPlan) -> None:
        """Take the set's academic sessions as the calendar of the tenants that it is about."""
        incoming = self.roster.sessions.incoming
        tenants = sorted({place.tenant_id for place in plan.places.values()})
        if incoming is not None and tenants and not self.job.is_dry_run:
            await take_sessions(conn, self.job.source, tenants, incoming, self.act)

    async def overtake(self, conn: AsyncConnection, tenants: Sequence[UUID]) -> None:
        """Give up what is held of earlier imports of the source, where this one speaks of the person."""
        if self.job.is_dry_run:
            return
        listed = self.survey.listed
        await overtake(conn, self.job, tenants, lambda row: self.is_bulk or row.ref in listed, self.act)

    async def tenants_of(self, rows: Rows) -> Tenants:
        """The tenant that the import is for, or those that the set's roots are or will be."""
        if self.job.target_id is not None:
            return Tenants([self.job.target_id], {})
        database = self.claim.runtime.database
        async with database.transaction_of_all() as conn:
            known = await find_tenants_of_roots(conn, self.job.source, [row.external_id for row in rows.tops])
        return Tenants(known, {row.external_id: new_id() for row in rows.tops})

    def describe(self) -> None:
        """Say in the job what the set is."""
        self.claim.job = replace(
            self.job, dialect=str(self.roster.dialect), mode=str(self.roster.mode), total=self.roster.row_count
        )

    async def take_people(self, plan: OrganizationPlan, tenants: Sequence[UUID]) -> None:
        """Take the people, a batch at a time, from the row that the job has reached."""
        if self.job.phase != Phase.PEOPLE:
            return
        rules = ImportRules(self.job.source, self.act.at, self.is_bulk, plan.places, self.survey, new_id)
        items = self.roster.people(self.mapping.count_as)
        await asyncio.to_thread(skip, items, self.job.position)
        while batch := await asyncio.to_thread(next_batch, items, self.mapping, self.survey, is_bulk=self.is_bulk):
            async with self.claim.transaction(tenants) as conn:
                with span(names.SPAN_IMPORT):
                    taken = await take_people(conn, self.job, batch.people, rules, tenants, self.act)
                    self.keep_in_mind(taken.changes, taken.losses)
                    issues = [*batch.issues, *taken.issues]
                    counts = batch.counts + taken.counts + not_taken(issues)
                    position = self.job.position + batch.rows
                    await self.claim.record(conn, phase=Phase.PEOPLE, position=position, counts=counts, issues=issues)

    async def let_go_absent(self, tenants: Sequence[UUID]) -> None:
        """Let go of whom a full set no longer lists."""
        if self.job.phase == Phase.LOSSES:
            return
        for tenant in tenants:
            gone = await self.find_gone(tenant)
            for start in range(0, len(gone), BATCH_PEOPLE):
                async with self.claim.transaction([tenant]) as conn:
                    with span(names.SPAN_IMPORT):
                        batch = gone[start : start + BATCH_PEOPLE]
                        self.keep_in_mind([], await let_go_absent(conn, self.job, batch, [tenant], self.act))
                        await self.claim.record(conn, Phase.ABSENT, self.job.position, Counter())

    async def find_gone(self, tenant: UUID) -> list[Named]:
        """Whom the source has in a tenant, and the set does not list."""
        gone: list[Named] = []
        page: Sequence[Named] = ()
        async with self.claim.runtime.database.transaction([tenant]) as conn:
            while page := await list_present(conn, [tenant], self.job.source, page[-1] if page else None, BATCH_ROWS):
                gone += [one for one in page if one.external_id not in self.survey.listed]
        return gone

    def keep_in_mind(self, changes: Sequence[PersonChange], losses: Sequence[Loss]) -> None:
        if self.job.is_dry_run:
            self.foresight.add(changes, losses)

    async def take_losses(self, tenants: Sequence[UUID], plan: OrganizationPlan) -> None:
        """Judge what people would lose by the whole of the import, hold what is too much, and take the rest."""
        if self.job.phase != Phase.LOSSES:
            await self.judge(tenants, plan)
        while not self.job.is_dry_run and await self.take_some_losses(tenants):
            pass

    async def judge(self, tenants: Sequence[UUID], plan: OrganizationPlan) -> None:
        """Let the guard judge. What a dry run would take is counted by that, and who would differ is kept."""
        is_empty = self.is_bulk and not self.survey.listed
        losses = self.foresight.losses
        async with self.claim.transaction(tenants) as conn:
            held = await judge(conn, self.job, tenants, self.act, dry=losses, is_empty=is_empty)
            units = {unit for one in held for unit in one.excess.units}
            counts = Counter({"people.held": sum(one.excess.heads.losing for one in held)})
            if self.job.is_dry_run:
                counts += Counter(f"people.{outcome_of_loss(loss)}" for loss in losses if loss.org_id not in units)
                people = foreseen(await self.foresight.settled(conn, units, self.act), plan.changes)
                await add_people(conn, self.job.tenant_id, self.job.id, people)
            issues = [held_issue(one) for one in held]
            await self.claim.record(conn, Phase.LOSSES, self.job.position, counts, issues)

    async def take_some_losses(self, tenants: Sequence[UUID]) -> bool:
        """Take a batch of what was not held. Answers whether there was any."""
        async with self.claim.transaction(tenants) as conn:
            with span(names.SPAN_IMPORT):
                taken, is_more = await take_judged(conn, self.job, self.act, BATCH_PEOPLE)
                counts = Counter(f"people.{outcome_of_loss(loss)}" for loss, _ in taken)
                await self.claim.record(conn, Phase.LOSSES, self.job.position, counts)
        return is_more


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows to decide on together, and what there is to say of those read beside them."""

    rows: int
    people: Sequence[MappedPerson]
    issues: Sequence[Issue]
    counts: Counter[str]


def next_batch(items: Iterator[Item], mapping: RoleMapping, survey: Survey, *, is_bulk: bool) -> Batch | None:
    """The next rows: up to `BATCH_PEOPLE` people among up to `BATCH_ROWS` rows; none at the end."""
    people: list[MappedPerson] = []
    issues: list[Issue] = []
    counts: Counter[str] = Counter()
    rows = 0
    for item in islice(items, BATCH_ROWS):
        rows += 1
        mapped = mapped_of(item, mapping)
        if isinstance(mapped, Counted):
            counts[f"counted.{mapped.kind}"] += 1
        elif isinstance(mapped, Issue):
            issues.append(mapped)
        elif repeated := repetition_issue(mapped.person, survey):
            issues.append(repeated)
        elif is_there(mapped, is_bulk=is_bulk):
            people.append(mapped)
        if len(people) == BATCH_PEOPLE:
            break
    return Batch(rows, people, issues, counts) if rows else None


def skip(items: Iterator[Item], count: int) -> None:
    """Pass over the rows that are done with."""
    next(islice(items, count, count), None)


def organization_counts(plan: OrganizationPlan, issues: Sequence[Issue]) -> Counter[str]:
    created = sum(change.before is None for change in plan.changes)
    counts = Counter(
        {
            "organizations.created": created,
            "organizations.changed": len(plan.changes) - created,
            "organizations.unchanged": plan.unchanged,
        }
    )
    return counts + Counter({"organizations.not_taken": sum(issue.severity is Severity.ERROR for issue in issues)})


def not_taken(issues: Sequence[Issue]) -> Counter[str]:
    """Rows about people that were not taken."""
    return Counter({"people.not_taken": sum(issue.severity is Severity.ERROR for issue in issues)})
