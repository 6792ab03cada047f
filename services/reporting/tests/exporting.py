"""How tests export: ask, let a worker make it, and read the file with a library that did not write it."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import pyarrow.parquet as pq
from openpyxl import load_workbook
from redis.asyncio import Redis

from usher_kit.loops import Loops
from usher_kit.runtime import Runtime
from usher_reporting.exporting.loops import expire
from usher_reporting.exporting.making import make_next
from usher_reporting.settings import ReportingSettings

from .story import ADA, Reporting

Ask: TypeAlias = Callable[..., Awaitable[Any]]


def worker(reporting: Reporting, **settings: Any) -> Runtime:
    """What a worker runs with."""
    own = ReportingSettings.model_validate({**reporting.settings.model_dump(), **settings})
    return Runtime("reporting", own, reporting.database, reporting.clock, Redis(), Loops("reporting"))


async def work(reporting: Reporting, **settings: Any) -> None:
    """Let a worker do all that waits, and remove what is due."""
    while await make_next(worker(reporting, **settings)):
        pass
    await expire(worker(reporting, **settings))


async def asked(get: Ask, report: str, format_: str = "csv", *, who: UUID = ADA, **body: Any) -> str:
    """Ask for an export. Returns its id."""
    answer = await get("/v1/exports", who=who, post={"report": report, "format": format_, **body})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return str(answer.json()["id"])


async def exported(
    get: Ask, reporting: Reporting, report: str, format_: str = "csv", *, who: UUID = ADA, **body: Any
) -> list[dict[str, Any]]:
    """An export's rows, as a reader of its format sees them."""
    id_ = await asked(get, report, format_, who=who, **body)
    await work(reporting)
    answer = await get(f"/v1/exports/{id_}/file", who=who, raw=True)
    assert answer.status_code == 200, answer.text
    return READ[format_](answer.content)


def read_csv(content: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def read_xlsx(content: bytes) -> list[dict[str, Any]]:
    book = load_workbook(io.BytesIO(content), read_only=True)
    found: list[dict[str, Any]] = []
    for sheet in book.worksheets:
        names, *rows = sheet.iter_rows(values_only=True)
        found += [dict(zip(map(str, names), row, strict=True)) for row in rows]
    return found


def read_parquet(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(io.BytesIO(content)).to_pylist()
    return found


READ: dict[str, Callable[[bytes], list[dict[str, Any]]]] = {
    "csv": read_csv,
    "xlsx": read_xlsx,
    "parquet": read_parquet,
}


def ids(rows: Sequence[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]
