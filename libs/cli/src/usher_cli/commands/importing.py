"""`usher import oneroster`: a set uploaded, followed to its end, and told row by row where it was not taken."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.commands.previews import show_people, show_seats
from usher_cli.importing import DEFAULT_SOURCE, import_set
from usher_cli.options import AsJson
from usher_cli.output import STDERR, print_json, show, table

app = typer.Typer(help="Bring in organizations and people.", no_args_is_help=True)

SHOWN_ISSUES = 20


@app.callback()
def root() -> None:
    """Bring in organizations and people."""


@app.command()
def oneroster(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A folder with CSV files, or a zip of them.")],
    tenant: Annotated[str | None, typer.Option(help="The tenant it is for; without it, one tenant a root.")] = None,
    source: Annotated[str, typer.Option(help="The name of the system that it comes from.")] = DEFAULT_SOURCE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count, report, show what would become of seats, and change nothing.")
    ] = False,
    issues: Annotated[Path | None, typer.Option(help="Write every issue to this CSV file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import a OneRoster 1.0 to 1.2 set, or one of Microsoft's School Data Sync."""
    with open_session(outside(ctx)) as session:
        tenant_id = session.org_id(tenant)
        with progress_bar() as progress:
            job = import_set(session, path, source=source, tenant_id=tenant_id, dry_run=dry_run, progress=progress)
        found = session.identity.issues(job["id"], limit=SHOWN_ISSUES)["items"]
        if issues is not None:
            issues.write_bytes(session.identity.issues_as_csv(job["id"]))
        if as_json:
            print_json(job)
            return
        print_counts(job)
        print_issues(job, found, issues)
        if dry_run:
            people = session.identity.foreseen(job["id"])["items"]
            show_people(people)
            show_seats(session, people)


@contextmanager
def progress_bar() -> Iterator[Any]:
    """A bar that a job's state moves; on stderr, and gone where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=STDERR, transient=True, disable=not STDERR.is_terminal) as bar:
        task = bar.add_task("uploading", total=None)

        def move(job: Json) -> None:
            now = job["progress"]
            bar.update(task, description=now["phase"], completed=now["done"], total=now["total"])

        yield move


def print_counts(job: Json) -> None:
    """What became of organizations and people, and who was counted without being imported."""
    rows = [
        (what, outcome.replace("_", " "), count)
        for what, outcomes in job["counts"].items()
        for outcome, count in outcomes.items()
        if count
    ]
    show(table(f"{job['file_name']}: {job['dialect']}, {job['mode']}", ("", "", "#"), rows))


def print_issues(job: Json, issues: Sequence[Json], file: Path | None) -> None:
    """The first issues, and where to find them all."""
    if not issues:
        return
    rows = [(one["severity"], one["file"], one["line"], one["column"], one["reason"]) for one in issues]
    show(table(f"{job['issues']:,} issues", ("severity", "file", "#line", "column", "reason"), rows))
    if file is not None:
        STDERR.print(f"All of them are in {file}.", style="dim")
    elif job["issues"] > len(issues):
        STDERR.print("--issues FILE writes all of them as CSV.", style="dim")
