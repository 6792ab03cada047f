"""`usher down`: everything that `usher up` started, stopped; its data stays."""

import typer

from usher_cli import local


def down() -> None:
    """Stop the services and servers of this clone; their data stays."""
    local.stop(local.this_clone(), typer.echo)
    typer.echo("Nothing of this clone runs.")
