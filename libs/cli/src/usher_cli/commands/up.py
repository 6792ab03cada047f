"""`usher up`: the whole system on this machine, running in the background."""

import typer

from usher_cli import local


def up() -> None:
    """Start servers and services on this machine, as far as they do not run yet."""
    clone = local.this_clone()
    settings = local.start(clone, typer.echo)
    typer.echo(f"Console: {settings['USHER_CONSOLE_URL']}   Addresses and secrets: {clone.home / 'env'}")
