"""A worker that makes short exports and then such as are ten times as long, and prints how its memory's peak grew.

Run as a program: growing.py DATABASE_URL. A process of its own, since a peak never falls again.
"""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.clock import FixedClock
from usher_kit.database import Database
from usher_kit.ids import new_id
from usher_kit.loops import Loops
from usher_kit.runtime import Runtime
from usher_reporting.domain.exports import Export, Format, Owner
from usher_reporting.exporting.leases import take
from usher_reporting.exporting.making import keep_file, write_file
from usher_reporting.reports.reach import Reach
from usher_reporting.reports.report import Column, Filters, Kind, Question, Report, Row
from usher_reporting.settings import ReportingSettings
from usher_reporting.store.exports import add_exports
from usher_reporting.store.streams import Query, stream

TENANT = UUID(int=1)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHORT = {"csv": 1_250, "xlsx": 1_250, "parquet": 2_500}
"""Rows of 2 KiB in the short ones. Parquet gathers some megabytes before it writes, whatever the length."""

COLUMNS = (
    Column("number", Kind.WHOLE, "a number"),
    Column("first", Kind.TEXT, "1,024 characters"),
    Column("second", Kind.TEXT, "1,024 others"),
)
ROWS = text("""
    select n as number, repeat(md5(n::text), 32) as first, repeat(md5((-n)::text), 32) as second
    from generate_series(1, cast(:count as int)) n
""")


class CountFilters(Filters):
    count: int


async def rows(conn: AsyncConnection, question: Question[CountFilters]) -> AsyncIterator[Row]:
    async for row in stream(conn, Query(ROWS, {"count": question.filters.count})):
        yield dict(row)


LONG = Report("long", "Long", "/v1/long", COLUMNS, CountFilters, rows)


async def export(runtime: Runtime, format_: str, count: int) -> None:
    async with runtime.database.transaction([TENANT]) as conn:
        waiting = Export(TENANT, new_id(), Owner(TENANT, TENANT), "long", Format(format_), None, {}, AT)
        await add_exports(conn, [waiting])
    lease = await take(runtime)
    assert lease is not None
    with TemporaryDirectory() as folder:
        path = Path(folder) / "long"
        question = Question(Reach(TENANT, [TENANT], None), CountFilters(count=count), AT)
        async with runtime.database.snapshot([TENANT]) as conn:
            await write_file(lease, LONG, conn, question, path)
        await keep_file(lease, path, AT)
    assert lease.export.written is not None
    assert lease.export.written.rows == count


async def measure(url: str) -> int:
    """Kilobytes by which the peak grew from the short ones to the long ones."""
    database = Database.connect(url, "reporting", connections=2)
    async with database.transaction() as conn:
        await conn.execute(text("insert into tenant (id) values (:id) on conflict do nothing"), {"id": TENANT})
    runtime = Runtime("reporting", ReportingSettings(), database, FixedClock(AT), Redis(), Loops("reporting"))
    peaks = []
    for times in (1, 10):
        for format_, count in SHORT.items():
            await export(runtime, format_, times * count)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    await database.close()
    return peaks[1] - peaks[0]


if __name__ == "__main__":
    print(asyncio.run(measure(sys.argv[1])))  # noqa: T201
