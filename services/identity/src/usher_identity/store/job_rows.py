"""Statements on the rows of bulk jobs: what each asks, whom it means, and what became of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row as SqlRow
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.bulk import BulkAct, Row, RowOutcome, RowResult, Task
from usher_identity.store.directory import as_id

ADD = text("""
    insert into job_row (tenant_id, job_id, number, user_ref, act, roles, org_ref)
    select :tenant, :job, number, user_ref, act, roles, org_ref
    from unnest(cast(:numbers as bigint[]), cast(:users as text[]), cast(:acts as text[]), cast(:roles as text[]),
        cast(:orgs as text[])) as row (number, user_ref, act, roles, org_ref)
""")
ROWS = text("""
    select number, user_ref, act, roles, org_ref from job_row
    where tenant_id = :tenant and job_id = :job and number > :after order by number limit :limit
""")
KNOW = text("""
    update job_row r set person_id = known.person_id, org_id = known.org_id
    from unnest(cast(:numbers as bigint[]), cast(:people as uuid[]), cast(:orgs as uuid[]))
        as known (number, person_id, org_id)
    where r.tenant_id = :tenant and r.job_id = :job and r.number = known.number
""")
NEXT_PEOPLE = text("""
    select distinct person_id from job_row
    where tenant_id = :tenant and job_id = :job and outcome is null order by person_id limit :limit
""")
TASKS = text("""
    select number, person_id, act, roles, org_id from job_row
    where tenant_id = :tenant and job_id = :job and outcome is null and person_id = any(cast(:people as uuid[]))
    order by number
""")
SAVE = text("""
    update job_row r set outcome = done.outcome, code = done.code, reason = done.reason
    from unnest(cast(:numbers as bigint[]), cast(:outcomes as text[]), cast(:codes as text[]), cast(:reasons as text[]))
        as done (number, outcome, code, reason)
    where r.tenant_id = :tenant and r.job_id = :job and r.number = done.number
""")
SETTLE = text("""
    update job_row set outcome = :outcome
    where tenant_id = :tenant and job_id = :job and outcome = 'staged' and person_id = any(cast(:people as uuid[]))
    returning number
""")
HOLD = text("""
    update job_row r set outcome = 'held', code = 'mass_loss',
        reason = 'held as change set ' || cast(h.set_id as text)
    from held_change h
    where r.tenant_id = :tenant and r.job_id = :job and r.outcome = 'staged'
        and h.job_id = :job and h.person_id = r.person_id and h.state = 'held'
    returning r.number
""")
LIST = text("""
    select number, user_ref, act, person_id, outcome, code, reason from job_row
    where tenant_id = :tenant and job_id = :job and number > :after
        and (cast(:outcome as text) is null or outcome = :outcome)
    order by number limit :limit
""")
REMOVE_OLD = text("""
    delete from job_row r using job j where j.tenant_id = r.tenant_id and j.id = r.job_id and j.finished_at < :before
""")
PEOPLE = text("""
    with asked as (
        select ref, lower(ref) as key, id from unnest(cast(:refs as text[]), cast(:ids as uuid[])) as one (ref, id)
    ), found as (
        select ref, p.id from asked join person p on p.id = asked.id
        union select ref, p.id from asked join person p on p.user_name_key = asked.key
        union select ref, p.id from asked join person p on p.email_key = asked.key
        union select ref, l.person_id from asked join person_link l on l.external_key = asked.key
    )
    select found.ref, found.id from found join person p on p.id = found.id
    where cast(:units as uuid[]) is null or p.org_id = any(cast(:units as uuid[]))
""")
ORGANIZATIONS = text("""
    with asked as (
        select ref, lower(ref) as key, id from unnest(cast(:refs as text[]), cast(:ids as uuid[])) as one (ref, id)
    ), found as (
        select ref, o.id from asked join organization o on o.id = asked.id
        union select ref, o.id from asked join organization o on o.name_key = asked.key
        union select ref, l.organization_id from asked join organization_link l on l.external_id = asked.ref
    )
    select ref, id from found where cast(:units as uuid[]) is null or id = any(cast(:units as uuid[]))
""")
TENANTS = text("select id, tenant_id from organization where id = any(cast(:ids as uuid[]))")


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as it is shown, with what became of it (None: nothing yet)."""

    number: int
    user: str
    act: str
    person_id: UUID | None
    outcome: str | None
    code: str | None
    reason: str | None


async def add_rows(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, rows: Sequence[Row]) -> None:
    """Keep what a job is to do."""
    await conn.execute(
        ADD,
        {
            "tenant": tenant_id,
            "job": job_id,
            "numbers": [row.number for row in rows],
            "users": [row.user for row in rows],
            "acts": [row.act for row in rows],
            "roles": [",".join(row.roles) for row in rows],
            "orgs": [row.org for row in rows],
        },
    )


async def load_rows(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, after: int, limit: int) -> list[Row]:
    """A job's rows after a number."""
    asked = {"tenant": tenant_id, "job": job_id, "after": after, "limit": limit}
    return [
        Row(row.number, row.user_ref, row.act, tuple(row.roles.split(",") if row.roles else ()), row.org_ref)
        for row in await conn.execute(ROWS, asked)
    ]


async def find_people(
    conn: AsyncConnection, refs: Iterable[str], units: Sequence[UUID] | None
) -> Mapping[str, Sequence[UUID]]:
    """The people of these units whom each id, user name, email or external id names."""
    return await named(conn, PEOPLE, refs, units)


async def find_organizations(
    conn: AsyncConnection, refs: Iterable[str], units: Sequence[UUID] | None
) -> Mapping[str, Sequence[UUID]]:
    """Those of these units that each id, name or external id names."""
    return await named(conn, ORGANIZATIONS, refs, units)


async def named(
    conn: AsyncConnection, statement: Any, refs: Iterable[str], units: Sequence[UUID] | None
) -> Mapping[str, Sequence[UUID]]:
    found: dict[str, list[UUID]] = defaultdict(list)
    if asked := sorted(set(refs)):
        values = {"refs": asked, "ids": [as_id(ref) for ref in asked], "units": units}
        for row in await conn.execute(statement, values):
            found[row.ref].append(row.id)
    return {ref: [id_] if (id_ := as_id(ref)) in ids else ids for ref, ids in found.items()}


async def load_tenants_of(conn: AsyncConnection, organizations: Iterable[UUID]) -> dict[UUID, UUID]:
    """The tenant of each organization."""
    rows = await conn.execute(TENANTS, {"ids": sorted(organizations)})
    return {row.id: row.tenant_id for row in rows}


async def save_known(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, tasks: Sequence[Task]) -> None:
    """Keep whom and what rows mean."""
    numbers, people = [one.number for one in tasks], [one.person_id for one in tasks]
    orgs = [one.org_id for one in tasks]
    await conn.execute(KNOW, {"tenant": tenant_id, "job": job_id, "numbers": numbers, "people": people, "orgs": orgs})


async def load_next_tasks(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, people: int) -> list[Task]:
    """All that is still to do for the next so many people, in order of id."""
    where = {"tenant": tenant_id, "job": job_id}
    ids = list((await conn.scalars(NEXT_PEOPLE, {**where, "limit": people})).all())
    return [to_task(row) for row in await conn.execute(TASKS, {**where, "people": ids})] if ids else []


def to_task(row: SqlRow[Any]) -> Task:
    roles = frozenset(row.roles.split(",") if row.roles else ())
    return Task(row.number, row.person_id, BulkAct(row.act), roles, row.org_id)


async def save_results(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, results: Sequence[RowResult]) -> None:
    """Write what became of rows."""
    if not results:
        return
    await conn.execute(
        SAVE,
        {
            "tenant": tenant_id,
            "job": job_id,
            "numbers": [one.number for one in results],
            "outcomes": [one.outcome for one in results],
            "codes": [one.code for one in results],
            "reasons": [one.reason for one in results],
        },
    )


async def settle_staged(
    conn: AsyncConnection, tenant_id: UUID, job_id: UUID, people: Iterable[UUID], outcome: RowOutcome
) -> int:
    """Give rows that waited for the guard their outcome. Answers how many there were."""
    asked = {"tenant": tenant_id, "job": job_id, "people": sorted(people), "outcome": outcome}
    return len((await conn.scalars(SETTLE, asked)).all())


async def hold_rows(conn: AsyncConnection, tenant_id: UUID, job_id: UUID) -> int:
    """Mark the rows of whom the guard holds something, with the change set. Answers how many there were."""
    return len((await conn.scalars(HOLD, {"tenant": tenant_id, "job": job_id})).all())


async def list_rows(
    conn: AsyncConnection, tenant_id: UUID, job_id: UUID, outcome: str | None, after: int, limit: int
) -> list[ShownRow]:
    """A job's rows after a number, all or those with an outcome."""
    asked = {"tenant": tenant_id, "job": job_id, "outcome": outcome, "after": after, "limit": limit}
    return [ShownRow(*row) for row in await conn.execute(LIST, asked)]


async def remove_old_rows(conn: AsyncConnection, before: datetime) -> None:
    """Forget the rows of jobs that were over before `before`: they name people."""
    await conn.execute(REMOVE_OLD, {"before": before})
