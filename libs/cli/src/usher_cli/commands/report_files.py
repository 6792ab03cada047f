"""Reports as files: what `usher report NAME --export FILE` does."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from usher_cli.clients.session import open_session, outside
from usher_cli.exporting import Filters, export_report, read_filters
from usher_cli.options import At, Org
from usher_cli.output import STDERR

Into = Annotated[Path | None, typer.Option("--export", help="Write it to a .csv, .xlsx or .parquet, by a worker.")]


def exporter(report: str, told: str) -> Callable[..., None]:
    """The command that exports a report, and does nothing else."""

    def run(
        ctx: typer.Context,
        into: Annotated[Path, typer.Option("--export", help="The file to write: a .csv, .xlsx or .parquet.")],
        org: Org = None,
        filters: Filters = None,
        at: At = None,
    ) -> None:
        export(ctx, report, into, org, read_filters(filters), at)

    run.__doc__ = told
    return run


def export(
    ctx: typer.Context, report: str, into: Path, org: str | None, filters: Mapping[str, Any], at: str | None
) -> None:
    """Export a report into a file, and tell how far it is."""
    with open_session(outside(ctx)) as session, STDERR.status(f"{report}: waiting for a worker") as told:
        made = export_report(
            session,
            report,
            into,
            org_id=session.org_id(org),
            filters=filters,
            at=at,
            progress=lambda job: told.update(f"{report}: {job['progress']['done']:,} rows"),
        )
    STDERR.print(f"{into}: {made['file']['rows']:,} rows, {made['file']['bytes']:,} bytes.")
