"""`usher exports`: reports that were asked for as files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.exporting import download as save
from usher_cli.options import AsJson, Cursor, Every, Limit
from usher_cli.output import STDERR, moment, print_list

app = typer.Typer(help="Reports that were exported.", no_args_is_help=True)

COLUMNS = ("id", "report", "format", "state", "#rows", "asked", "expires")

Export = Annotated[str, typer.Argument(metavar="EXPORT", help="The id of an export.")]


@app.command("list")
def list_exports(
    ctx: typer.Context, limit: Limit = 50, cursor: Cursor = None, every: Every = False, as_json: AsJson = False
) -> None:
    """List your exports, and those that a schedule made for you, the latest first."""
    with open_session(outside(ctx)) as session:
        answer = session.reporting.exports(every=every, limit=limit, cursor=cursor)
    print_list(answer, COLUMNS, row_of, as_json=as_json)


@app.command("download")
def download(
    ctx: typer.Context,
    export: Export,
    file: Annotated[Path | None, typer.Argument(help="Where to; its own name here without it.")] = None,
) -> None:
    """Save an export's file."""
    with open_session(outside(ctx)) as session:
        found = session.reporting.export(export)
        target = file or Path(found["file"]["name"] if found["file"] else export)
        save(session, export, target)
    STDERR.print(f"Saved {target}.")


@app.command("remove")
def remove(ctx: typer.Context, export: Export) -> None:
    """Remove an export with its file; one that is under way is not made any further."""
    with open_session(outside(ctx)) as session:
        session.reporting.remove_export(export)
    STDERR.print(f"Removed {export}.")


def row_of(export: Json) -> tuple[Any, ...]:
    file = export["file"] or {}
    state = export["removed"] or export["state"]
    times = moment(export["created_at"]), moment(file.get("expires_at"))
    return export["id"], export["report"], export["format"], state, file.get("rows"), *times
