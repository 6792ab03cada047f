"""`usher users bulk`: acts on many people from a table; shown first by a dry run, or done and followed to the end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.commands.importing import progress_bar
from usher_cli.commands.previews import SHOWN, show_people, show_seats
from usher_cli.failure import Failure
from usher_cli.importing import follow
from usher_cli.options import AsJson, Org
from usher_cli.output import STDERR, print_json, show, table

MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json"}
ROWS = ("#row", "who", "act", "outcome", "why")


def bulk(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV (user, act, roles, org) or JSON; - reads CSV from stdin.")],
    org: Org = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change many people: add_roles, remove_roles, set_roles, transfer, archive, delete or restore."""
    content, media_type = read(file)
    with open_session(outside(ctx)) as session, progress_bar() as progress:
        answer = session.identity.bulk(content, media_type, org_id=session.org_id(org), dry_run=dry_run)
        if dry_run:
            rows = [row for row in answer["rows"] if row["outcome"] in ("refused", "held")][:SHOWN]
            if not as_json:
                print_preview(answer, rows)
                show_seats(session, answer["people"])
        else:
            answer = follow(session, answer, progress)
            rows = session.identity.rows(answer["id"], outcome="refused", limit=SHOWN)["items"]
            rows += session.identity.rows(answer["id"], outcome="held", limit=SHOWN)["items"]
    if as_json:
        print_json(answer)
    elif not dry_run:
        print_job(answer, rows)
    if answer.get("state") == "failed":
        raise Failure(f"Not all was done: {answer['error']['detail']}")


def read(file: Path) -> tuple[bytes, str]:
    """A table and what it is. Raises Failure for neither CSV nor JSON."""
    if str(file) == "-":
        return typer.get_binary_stream("stdin").read(), MEDIA_TYPES[".csv"]
    media_type = MEDIA_TYPES.get(file.suffix.lower())
    if media_type is None or not file.is_file():
        raise Failure(f"{file} is no table: give a file that ends in .csv or .json, or - for CSV from stdin.")
    return file.read_bytes(), media_type


def print_preview(answer: Json, rows: Sequence[Json]) -> None:
    """What would become of the rows and of the people."""
    show(table("What would be done", ("", "#rows"), counted(answer["counts"])))
    show_people(answer["people"])
    for held in answer["held"]:
        STDERR.print(held["reason"], style="yellow")
    print_rows(rows)


def print_job(job: Json, rows: Sequence[Json]) -> None:
    """What became of the rows, and where the guard's decision is to be made."""
    show(table(f"Job {job['id']}: {job['state']}", ("", "#rows"), counted(job["counts"]["rows"])))
    print_rows(rows)
    if job["counts"]["rows"]["held"]:
        STDERR.print("`usher held list` shows what is held, for an administrator to approve or reject.")


def counted(counts: Json) -> list[Sequence[Any]]:
    return [(outcome, count) for outcome, count in counts.items() if count]


def print_rows(rows: Sequence[Json]) -> None:
    """The first rows that are not done, and why."""
    if rows:
        told = [(one["row"], one.get("user"), one.get("act"), one["outcome"], one["reason"]) for one in rows]
        show(table("Not done", ROWS, told))
