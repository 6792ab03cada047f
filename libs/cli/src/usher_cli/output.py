"""What commands print: tables for people, and with `--json` the API's answer unchanged."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table

from usher_cli.clients.calls import Json

STDOUT = Console(highlight=False)
"""Where results go."""

NOTHING = "-"

STDERR = Console(stderr=True, highlight=False)
"""Where progress and remarks go, so that results can be piped."""


WIDE = 250
"""Columns for what reads a pipe: nothing is folded there to fit a screen."""


def show(shown: RenderableType) -> None:
    """Print a result."""
    STDOUT.print(shown, width=None if STDOUT.is_terminal else WIDE, crop=False)


def print_json(answer: Any) -> None:
    """An answer as JSON, as the API gave it."""
    STDOUT.file.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")


def table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table; a column whose name begins with `#` holds numbers and stands to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, padding=(0, 1))
    for name in columns:
        made.add_column(name.removeprefix("#"), justify="right" if name.startswith("#") else "left", overflow="fold")
    for row in rows:
        made.add_row(*map(shown, row))
    return made


def print_list(answer: Json, columns: Sequence[str], row: Callable[[Json], Sequence[Any]], *, as_json: bool) -> None:
    """A list's page: as JSON, or as a table with a word about what is left."""
    if as_json:
        print_json(answer)
        return
    show(table(None, columns, map(row, answer["items"])))
    if not answer["items"]:
        STDERR.print("Nothing matches.", style="dim")
    if answer.get("next_cursor"):
        STDERR.print("There are more: --all prints every one.", style="dim")


def shown(value: Any) -> str:
    """A value in a table: a dash for none, yes or no, times to the minute in UTC, lists by commas."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value)) or NOTHING
    return str(value)


def moment(value: str | None) -> str | None:
    """An RFC 3339 time to the minute; as UTC, which is what services answer in."""
    return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M}" if value else None


def day(value: str | None) -> str | None:
    """The day of an RFC 3339 time."""
    return f"{datetime.fromisoformat(value):%Y-%m-%d}" if value else None
