"""Statements on jobs: one row a job, claimed by one worker at a time for as long as its lease holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.jobs import Job, RoleWords

PLAN_BY_VALUES = text("set local plan_cache_mode = force_custom_plan")

COLUMNS = """
    tenant_id, id, state, source, target_id, is_dry_run, roles, actor, file_name, file_bytes, created_at, started_at,
    finished_at, attempts, phase, position, total, counts, issues, dialect, mode, error_code, error,
    kind, authority_id
"""
ADD = text("""
    insert into job (tenant_id, id, state, source, target_id, is_dry_run, roles, actor, file_name, file_bytes,
        created_at, attempts, phase, position, total, counts, issues, mode, kind, authority_id)
    values (:tenant_id, :id, :state, :source, :target_id, :is_dry_run, :roles, :actor, :file_name, :file_bytes,
        :created_at, :attempts, :phase, :position, :total, :counts, :issues, :mode, :kind, :authority_id)
""")
CLAIM = text(f"""
    with next as (
        select tenant_id, id from job j
        where j.kind = :kind and j.state in ('waiting', 'running') and (j.leased_until is null or j.leased_until < :now)
            and (j.phase <> 'reading') = :is_read
            and not exists (
                select from job earlier
                where j.kind = 'import' and earlier.kind = 'import'
                    and earlier.state in ('waiting', 'running') and earlier.id < j.id
                    and earlier.tenant_id = j.tenant_id and earlier.source = j.source
            )
        order by id limit 1 for update skip locked
    )
    update job set state = 'running', claim = :claim, leased_until = :until, attempts = attempts + 1,
        started_at = coalesce(started_at, :now)
    where (tenant_id, id) in (select tenant_id, id from next)
    returning {COLUMNS}
""")
RENEW = text("""
    update job set leased_until = :until where tenant_id = :tenant and id = :id and claim = :claim returning id
""")
RELEASE = text("""
    update job set leased_until = :until, claim = null where tenant_id = :tenant and id = :id and claim = :claim
""")
HOLD = text("""
    select issues from job where tenant_id = :tenant and id = :id and claim = :claim for update
""")
SAVE = text("""
    update job set phase = :phase, position = :position, total = :total, counts = :counts, issues = :issues,
        dialect = :dialect, mode = :mode, attempts = :attempts, leased_until = :until
    where tenant_id = :tenant and id = :id
""")
FINISH = text("""
    update job set state = :state, phase = :phase, finished_at = :at, error_code = :error_code, error = :error,
        claim = null, leased_until = null
    where tenant_id = :tenant and id = :id
""")
FIND = text(f"select {COLUMNS} from job where id = :id")
LIST = text(f"""
    select {COLUMNS} from job
    where tenant_id = any(cast(:tenants as uuid[])) and kind = :kind
        and (cast(:before as uuid) is null or id < cast(:before as uuid))
    order by id desc limit :limit
""")


async def plan_by_values(conn: AsyncConnection) -> None:
    """Have each statement of the transaction planned for its values.

    A plan that the driver keeps from the beginning of an import was made for tables that were empty then.
    """
    await conn.execute(PLAN_BY_VALUES)


async def add_job(conn: AsyncConnection, job: Job) -> None:
    """Write a job that waits for a worker."""
    await conn.execute(
        ADD,
        {
            "tenant_id": job.tenant_id,
            "id": job.id,
            "state": job.state,
            "source": job.source,
            "target_id": job.target_id,
            "is_dry_run": job.is_dry_run,
            "roles": from_words(job.words),
            "actor": job.actor,
            "file_name": job.file_name,
            "file_bytes": job.file_bytes,
            "created_at": job.created_at,
            "attempts": job.attempts,
            "phase": job.phase,
            "position": job.position,
            "total": job.total,
            "counts": to_json(job.counts),
            "issues": job.issues,
            "mode": job.mode,
            "kind": job.kind,
            "authority_id": job.authority_id,
        },
    )


async def claim_job(
    conn: AsyncConnection, kind: str, claim: UUID, now: datetime, until: datetime, *, is_read: bool = True
) -> Job | None:
    """Take the oldest job of a kind that nobody works on. Imports of one source into one tenant run one by one."""
    asked = {"kind": kind, "claim": claim, "now": now, "until": until, "is_read": is_read}
    row = (await conn.execute(CLAIM, asked)).one_or_none()
    return from_row(row) if row else None


async def renew_lease(conn: AsyncConnection, job: Job, claim: UUID, until: datetime) -> bool:
    """Hold on to a job; whether it is still this worker's."""
    renewed = await conn.execute(RENEW, {"tenant": job.tenant_id, "id": job.id, "claim": claim, "until": until})
    return renewed.one_or_none() is not None


async def release_job(conn: AsyncConnection, job: Job, claim: UUID, until: datetime | None = None) -> None:
    """Let go of a job, for any worker to take up at once, or after `until`."""
    await conn.execute(RELEASE, {"tenant": job.tenant_id, "id": job.id, "claim": claim, "until": until})


async def hold_job(conn: AsyncConnection, job: Job, claim: UUID) -> bool:
    """Lock the job's row for the rest of the transaction; whether it is still this worker's."""
    row = (await conn.execute(HOLD, {"tenant": job.tenant_id, "id": job.id, "claim": claim})).one_or_none()
    return row is not None


async def save_progress(conn: AsyncConnection, job: Job, until: datetime) -> None:
    """Write how far a held job is."""
    await conn.execute(
        SAVE,
        {
            "tenant": job.tenant_id,
            "id": job.id,
            "phase": job.phase,
            "position": job.position,
            "total": job.total,
            "counts": to_json(job.counts),
            "issues": job.issues,
            "dialect": job.dialect,
            "mode": job.mode,
            "attempts": job.attempts,
            "until": until,
        },
    )


async def save_end(conn: AsyncConnection, job: Job) -> None:
    """Write that a held job is over, and how."""
    await conn.execute(
        FINISH,
        {
            "tenant": job.tenant_id,
            "id": job.id,
            "state": job.state,
            "phase": job.phase,
            "at": job.finished_at,
            "error_code": job.error_code,
            "error": job.error,
        },
    )


async def find_job(conn: AsyncConnection, id_: UUID) -> Job | None:
    """A job that the transaction may see."""
    row = (await conn.execute(FIND, {"id": id_})).one_or_none()
    return from_row(row) if row else None


async def list_jobs(
    conn: AsyncConnection, kind: str, tenants: Sequence[UUID], before: UUID | None, limit: int
) -> Sequence[Job]:
    """Jobs of a kind of these tenants, the latest first."""
    rows = await conn.execute(LIST, {"kind": kind, "tenants": tenants, "before": before, "limit": limit})
    return [from_row(row) for row in rows]


def from_row(row: Row[Any]) -> Job:
    values = dict(row._mapping)  # noqa: SLF001 (public in SQLAlchemy, by a name with an underscore)
    words = to_words(values.pop("roles"))
    return Job(words=words, counts=orjson.loads(values.pop("counts")), **values)


def from_words(words: RoleWords) -> str:
    return to_json({"roles": words.roles, "counted": words.counted})


def to_words(stored: str) -> RoleWords:
    read = orjson.loads(stored)
    return RoleWords({word: tuple(roles) for word, roles in read["roles"].items()}, read["counted"])


def to_json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value)).decode()
