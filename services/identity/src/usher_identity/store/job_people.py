"""Statements on what a dry run foresees of people: who would differ, as they would be."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.people import Foreseen

PART = 10_000
"""People written by one statement."""

ADD = text("""
    insert into job_person (tenant_id, job_id, person_id, person_tenant_id, org_id, status, roles)
    select :tenant, :job, person_id, person_tenant_id, org_id, status, roles
    from unnest(cast(:people as uuid[]), cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:statuses as text[]),
        cast(:roles as text[])) as person (person_id, person_tenant_id, org_id, status, roles)
""")
LIST = text("""
    select person_tenant_id, person_id, org_id, status, roles from job_person
    where tenant_id = :tenant and job_id = :job and (cast(:after as uuid) is null or person_id > :after)
    order by person_id limit :limit
""")
REMOVE = text("delete from job_person where tenant_id = :tenant and job_id = :job")
REMOVE_OLD = text("""
    delete from job_person p using job j
    where j.tenant_id = p.tenant_id and j.id = p.job_id and j.finished_at < :before
""")


async def add_people(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, people: Sequence[Foreseen]) -> None:
    """Keep whom a job would change, as they would be."""
    for start in range(0, len(people), PART):
        part = people[start : start + PART]
        await conn.execute(
            ADD,
            {
                "tenant": tenant_id,
                "job": job_id,
                "people": [one.person_id for one in part],
                "tenants": [one.tenant_id for one in part],
                "orgs": [one.org_id for one in part],
                "statuses": [one.status for one in part],
                "roles": [",".join(one.roles) for one in part],
            },
        )


async def list_people(
    conn: AsyncConnection, tenant_id: UUID, job_id: UUID, after: UUID | None, limit: int
) -> list[Foreseen]:
    """Whom a job would change, after an id."""
    rows = await conn.execute(LIST, {"tenant": tenant_id, "job": job_id, "after": after, "limit": limit})
    return [
        Foreseen(row.person_tenant_id, row.person_id, row.org_id, row.status, tuple(filter(None, row.roles.split(","))))
        for row in rows
    ]


async def remove_people(conn: AsyncConnection, tenant_id: UUID, job_id: UUID) -> None:
    """Forget whom a job would change."""
    await conn.execute(REMOVE, {"tenant": tenant_id, "job": job_id})


async def remove_old_people(conn: AsyncConnection, before: datetime) -> None:
    """Forget what was foreseen by jobs that were over before `before`."""
    await conn.execute(REMOVE_OLD, {"before": before})
