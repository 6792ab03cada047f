"""Exporting a report into a file: asking for it, waiting until a worker has made it, and downloading it."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session
from usher_cli.failure import Failure

PAUSE_SECONDS = 0.2
OVER = frozenset({"done", "failed"})
FORMATS = ("csv", "xlsx", "parquet")

Filters: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="NAME=VALUE", help="Narrow it, as the API does: kind=promoted."),
]


def read_filters(given: Sequence[str] | None) -> dict[str, str]:
    """Filters as they were typed. Raises Failure for one without a value."""
    pairs = [one.partition("=") for one in given or ()]
    if wrong := [name for name, sign, _ in pairs if not (name and sign)]:
        raise Failure(f"A filter is NAME=VALUE, and {wrong[0]!r} is not.")
    return {name: value for name, _, value in pairs}


def format_of(file: Path) -> str:
    """The format that a file's name asks for. Raises Failure for one that asks for none."""
    found = file.suffix.lower().removeprefix(".")
    if found not in FORMATS:
        raise Failure(f"{file} says no format: end its name by {', '.join('.' + one for one in FORMATS)}.")
    return found


def export_report(
    session: Session,
    report: str,
    file: Path,
    *,
    org_id: str | None,
    filters: Mapping[str, Any],
    at: str | None = None,
    progress: Callable[[Json], object] = lambda _: None,
) -> Json:
    """Export a report, of now or of `at`, into `file`, and wait for it. Returns the export.

    Raises Failure for a name without a format, and for an export that failed.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    job = session.reporting.start_export(report, format_of(file), org_id=org_id, filters=given, at=at)
    while job["state"] not in OVER:
        time.sleep(PAUSE_SECONDS)
        job = session.reporting.export(job["id"])
        progress(job)
    if job["state"] == "failed":
        raise Failure(f"{report} was not exported: {job['error']['detail']}")
    download(session, job["id"], file)
    return job


def download(session: Session, export_id: str, file: Path) -> None:
    """Write an export's file to `file`, which has its name once it is whole."""
    unfinished = file.with_name(f"{file.name}.part")
    try:
        session.reporting.download(export_id, unfinished)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
