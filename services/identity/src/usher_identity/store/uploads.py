"""Statements on uploaded files: kept in parts until their job is over, so that any worker can run it."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

PART_BYTES = 1024**2

ADD = text("""
    insert into upload_part (tenant_id, job_id, number, content)
    select :tenant, :job, number, content
    from unnest(cast(:numbers as int[]), cast(:contents as bytea[])) as part (number, content)
""")
PART = text("select content from upload_part where tenant_id = :tenant and job_id = :job and number = :number")
REMOVE = text("delete from upload_part where tenant_id = :tenant and job_id = :job")


async def add_parts(conn: AsyncConnection, tenant_id: UUID, job_id: UUID, first: int, parts: Sequence[bytes]) -> None:
    """Keep the next parts of a file, of which `first` is the number of the first."""
    numbers = list(range(first, first + len(parts)))
    await conn.execute(ADD, {"tenant": tenant_id, "job": job_id, "numbers": numbers, "contents": list(parts)})


async def read_parts(conn: AsyncConnection, tenant_id: UUID, job_id: UUID) -> AsyncIterator[bytes]:
    """A file's parts in order, one in memory at a time."""
    number = 0
    while content := await conn.scalar(PART, {"tenant": tenant_id, "job": job_id, "number": number}):
        yield bytes(content)
        number += 1


async def remove_upload(conn: AsyncConnection, tenant_id: UUID, job_id: UUID) -> None:
    """Forget a file: it is full of personal data, and nobody needs it any more."""
    await conn.execute(REMOVE, {"tenant": tenant_id, "job": job_id})
