"""Readings of rosters: begun by hand or because they are due, each as an import's job."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.jobs import Job, Phase
from usher_identity.domain.upstreams import Upstream
from usher_identity.store.jobs import add_job
from usher_identity.store.rosters import RosterSync
from usher_kit.ids import new_id


async def start_reading(
    conn: AsyncConnection,
    upstream: Upstream,
    sync: RosterSync,
    actor: str,
    at: datetime,
    *,
    is_whole: bool = False,
    is_dry_run: bool = False,
) -> Job:
    """Write the job that reads an upstream's roster: all of it where asked, where due, and at first."""
    roster = upstream.roster
    assert roster is not None  # noqa: S101 (the caller chose it)
    reads_all = is_whole or sync.since is None or roster.whole_is_due(sync.whole_at, at)
    job = Job(
        tenant_id=upstream.tenant_id,
        id=new_id(),
        source=upstream.name,
        target_id=upstream.tenant_id,
        is_dry_run=is_dry_run,
        words=upstream.words,
        actor=actor,
        file_name=roster.url[:200],
        file_bytes=0,
        created_at=at,
        phase=Phase.READING,
        mode="bulk" if reads_all else "delta",
    )
    await add_job(conn, job)
    return job
