"""Acts on many people: whom the rows mean, and what they make of them, a batch of people in a transaction."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.bulk import Authority, Row, RowResult, Taken, Task, read_row, refused, take_tasks
from usher_identity.domain.changes import Change
from usher_identity.domain.jobs import Job
from usher_identity.domain.people import Person
from usher_identity.store.held_changes import stage
from usher_identity.store.job_rows import find_organizations, find_people, load_tenants_of, save_results
from usher_identity.store.people import load_people
from usher_identity.use_cases.recording import Act, record_people
from usher_identity.use_cases.written import about_people
from usher_kit import audit
from usher_kit.access import units_below

ACT = "user.bulk"


async def authority_of(conn: AsyncConnection, job: Job) -> Authority:
    """Whom the job may change: the people below whatever whoever asked for it administers."""
    units = None
    if job.authority_id is not None:
        units = frozenset(unit for _, unit in await units_below(conn, job.authority_id))
    return Authority(job.actor, job.authority_id is None, units, {}, OPERATORS_TENANT)


async def read_rows(conn: AsyncConnection, job: Job, rows: Sequence[Row]) -> tuple[list[Task], list[RowResult]]:
    """What rows ask of whom, and those that cannot be taken. People are sought in the job's organization."""
    about = await units_of(conn, job.target_id)
    administered = await units_of(conn, job.authority_id)
    people = await find_people(conn, [row.user for row in rows], about)
    organizations = await find_organizations(conn, [row.org for row in rows if row.org], administered)
    read = [read_row(row, people.get(row.user, ()), organizations.get(row.org or "", ())) for row in rows]
    return [one for one in read if isinstance(one, Task)], [one for one in read if isinstance(one, RowResult)]


async def units_of(conn: AsyncConnection, org_id: UUID | None) -> list[UUID] | None:
    """An organization and all below it; None for all there are."""
    return None if org_id is None else [unit for _, unit in await units_below(conn, org_id)]


async def plan_tasks(
    conn: AsyncConnection, job: Job, tasks: Sequence[Task], act: Act, *, for_update: bool
) -> tuple[list[Taken], list[RowResult]]:
    """What these rows, all there are of some people, make of them; and those of people who are there no more."""
    by_person: dict[UUID, list[Task]] = defaultdict(list)
    for task in tasks:
        by_person[task.person_id].append(task)
    authority = await authority_of(conn, job)
    tenants = await load_tenants_of(conn, {task.org_id for task in tasks if task.org_id})
    people = await load_people(conn, by_person, for_update=for_update)
    authority = replace(authority, tenants=tenants)
    taken = await asyncio.to_thread(take_each, people, by_person, authority, act)
    missing = [
        refused(task.number, "unknown_user", "there is no such person any more")
        for task in tasks
        if task.person_id not in people
    ]
    return taken, missing


def take_each(
    people: Mapping[UUID, Person], tasks: Mapping[UUID, Sequence[Task]], authority: Authority, act: Act
) -> list[Taken]:
    return [take_tasks(person, tasks[id_], authority, act.at) for id_, person in people.items()]


async def take_people(conn: AsyncConnection, job: Job, tasks: Sequence[Task], act: Act) -> list[RowResult]:
    """Do what these rows ask, all there are of some people; stage what people would lose."""
    taken, missing = await plan_tasks(conn, job, tasks, act, for_update=True)
    changes = [Change(one.before, one.after) for one in taken]
    after = await record_people(conn, changes, act)
    changed = [Change(change.before, person) for change, person in zip(changes, after, strict=True)]
    await audit.record(conn, "identity", about_people(ACT, changed), at=act.at, cause=act.cause)
    await stage(conn, job.id, [one.loss for one in taken if one.loss])
    results = [*missing, *(result for one in taken for result in one.results)]
    await save_results(conn, job.tenant_id, job.id, results)
    return results
