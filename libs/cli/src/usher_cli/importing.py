"""Uploading a OneRoster set, from a folder or a zip, and following the job that reads it."""

import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session
from usher_cli.failure import Failure

PAUSE_SECONDS = 0.2
OVER = frozenset({"done", "failed"})
DEFAULT_SOURCE = "oneroster"


def import_set(
    session: Session,
    path: Path,
    *,
    source: str,
    tenant_id: str | None = None,
    dry_run: bool = False,
    progress: Callable[[Json], object] = lambda _: None,
) -> Json:
    """Upload the set at `path` and wait for its job, whose state `progress` gets now and then. Returns the job.

    Raises Failure for a path that is no set, and for a job that failed.
    """
    with as_zip(path) as archive:
        job = session.identity.start_import(archive, source=source, tenant_id=tenant_id, dry_run=dry_run)
    job = follow(session, job, progress)
    if job["state"] == "failed":
        raise Failure(f"{path} was not imported: {job['error']['detail']}")
    return job


def follow(session: Session, job: Json, progress: Callable[[Json], object]) -> Json:
    """Wait for a job's end; `progress` gets its state now and then."""
    while job["state"] not in OVER:
        time.sleep(PAUSE_SECONDS)
        job = session.identity.job(job["id"])
        progress(job)
    return job


@contextmanager
def as_zip(path: Path) -> Iterator[Path]:
    """The set as one zip: the file itself, or a temporary one of a folder's CSV files. Raises Failure for neither."""
    if path.is_file():
        yield path
        return
    files = csv_files(path)
    if not files:
        raise Failure(f"{path} is no OneRoster set: give a folder with CSV files, such as orgs.csv, or a zip of them.")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / f"{path.resolve().name}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for file in files:
                packed.write(file, file.name)
        yield archive


def csv_files(folder: Path) -> list[Path]:
    """The CSV files right in a folder, whatever the case of their ending."""
    return sorted(file for file in folder.glob("*") if file.suffix.lower() == ".csv") if folder.is_dir() else []


def summary(job: Json) -> str:
    """A job's counts in one line: the outcomes that there were."""
    people = {outcome.replace("_", " "): count for outcome, count in job["counts"]["people"].items() if count}
    counted = {f"{who}s counted": count for who, count in job["counts"]["counted"].items() if count}
    organizations = sum(job["counts"]["organizations"].values())
    told = ", ".join(f"{count:,} {what}" for what, count in (people | counted).items())
    return f"{organizations:,} organizations; people: {told or 'none'}; {job['issues']:,} issues"
