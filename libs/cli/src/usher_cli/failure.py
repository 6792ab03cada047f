"""What a command says when it cannot do what was asked: one paragraph, and an exit status that is not 0."""

from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from usher_cli.servers.errors import ServerError


class Failure(Exception):
    """A command that cannot go on. Its text says what was wrong and what to do."""


class Failing(TyperGroup):
    """The group of all commands: turns what they raise for people into one paragraph and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (Failure, ServerError) as failure:
            Console(stderr=True, soft_wrap=True, highlight=False).print(f"usher: {failure}", style="red", markup=False)
            raise typer.Exit(1) from failure
