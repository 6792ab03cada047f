"""Making a file: rows of one moment go to disk a batch at a time, and from there into parts of the database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.errors import TooLarge, Unavailable, UsherError
from usher_kit.runtime import Runtime
from usher_reporting.domain.exports import MAX_ATTEMPTS, Coverage, Export, Format, Written
from usher_reporting.exporting.authority import access_of
from usher_reporting.exporting.csv_file import CsvFile
from usher_reporting.exporting.leases import Lease, next_lease
from usher_reporting.exporting.parquet import ParquetFile
from usher_reporting.exporting.spreadsheet import Spreadsheet
from usher_reporting.reports.catalogue import report_named
from usher_reporting.reports.looking import looking
from usher_reporting.reports.reach import reach_of
from usher_reporting.reports.report import Question, Report, Row
from usher_reporting.store.exports import add_parts, await_writers

T = TypeVar("T")

AT_ONCE = 1_000
"""Rows that are handed to a file at a time."""

PART_BYTES = 1024**2
PARTS_AT_ONCE = 8


class File(Protocol):
    """Takes rows and forgets them; what is closed is whole."""

    def write(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None: ...


async def make_next(runtime: Runtime) -> bool:
    """Make the oldest export that waits. Answers whether there was one."""
    async with next_lease(runtime) as lease:
        if lease is None:
            return False
        try:
            check_attempts(lease)
            await make(lease)
        except UsherError as error:
            await lease.fail(error.slug, error.detail)
    return True


def check_attempts(lease: Lease) -> None:
    """Raises Unavailable where each worker that took the export up died with it."""
    if lease.export.attempts > MAX_ATTEMPTS:
        raise Unavailable(f"Given up: {MAX_ATTEMPTS} workers ended while they made it. Ask for less, or tell support.")


async def make(lease: Lease) -> None:
    """Make one export by what its owner may see now.

    Raises UsherError for what cannot be made, and would not be another time either.
    """
    export, runtime = lease.export, lease.runtime
    report = report_named(export.report)
    filters = report.read(export.filters)
    access = await access_of(runtime.database, export, report)
    async with access.transaction() as conn:
        reach = await reach_of(access, conn, export.org_id)
    await lease.cover(Coverage(reach.tenants, reach.units))
    # Whoever erases somebody now holds the tenant's lock, or will find this export: nothing is read that is to go.
    async with runtime.database.transaction(reach.tenants) as conn:
        await await_writers(conn, reach.tenants)
    with TemporaryDirectory(prefix="usher-export-") as folder:
        path = Path(folder) / export.file_name
        async with looking(access, runtime, export.org_id, export.at) as look:
            await write_file(lease, report, look.conn, Question(look.reach, filters, look.at), path)
        await keep_file(lease, path, look.at)


async def write_file(
    lease: Lease, report: Report[Any], conn: AsyncConnection, question: Question[Any], path: Path
) -> None:
    """Write the report's rows as one snapshot has them. Raises TooLarge for more than the settings let through."""
    most = lease.runtime.settings.export_bytes
    file = open_file(lease.export, report, path)
    try:
        async for rows in batches(report.rows(conn, question)):
            await asyncio.to_thread(file.write, rows)
            lease.done += len(rows)
            check_size(path.parent, most)
    finally:
        await asyncio.to_thread(file.close)
    check_size(path.parent, most)


def open_file(export: Export, report: Report[Any], path: Path) -> File:
    """An empty file of the export's format."""
    match export.format:
        case Format.CSV:
            return CsvFile(path, report.columns)
        case Format.XLSX:
            return Spreadsheet(path, report.columns, report.name)
        case Format.PARQUET:
            return ParquetFile(path, report.columns)


async def batches(rows: AsyncIterator[T]) -> AsyncIterator[Sequence[T]]:
    """Rows by the batch; the last may be smaller."""
    batch: list[T] = []
    async for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def check_size(folder: Path, most: int) -> None:
    """Raises TooLarge once more is on the disk than may be; while an XLSX is written, that is more than it will be."""
    if sum(one.stat().st_size for one in folder.iterdir()) > most:
        raise TooLarge(
            f"The file would be larger than {most / 1024**2:,.0f} MiB: ask for less by one organization, a "
            "shorter time or another filter, or for Parquet, which is the smallest."
        )


async def keep_file(lease: Lease, path: Path, as_of: datetime) -> None:
    """Write the file, which is of one moment, into parts, few of them in memory at a time; then the export is done."""
    digest, size, number = sha256(), 0, 0
    with path.open("rb") as file:
        while contents := await asyncio.to_thread(read_parts, file):
            for part in contents:
                digest.update(part)
                size += len(part)
            async with lease.transaction() as conn:
                await add_parts(conn, lease.export, number, contents)
            number += len(contents)
    async with lease.transaction() as conn:
        written = Written(as_of, lease.done, size, digest.hexdigest())
        await lease.succeed(conn, written, lease.runtime.settings.export_kept)


def read_parts(file: BinaryIO) -> list[bytes]:
    """The next parts of a file; none at its end."""
    return [part for _ in range(PARTS_AT_ONCE) if (part := file.read(PART_BYTES))]
