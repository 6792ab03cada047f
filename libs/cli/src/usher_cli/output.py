"""What commands print: tables for people, and with `--json` the API's answer unchanged."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from usher_cli.clients.calls import Json

NOTHING = "-"

SPANS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))

WIDE = 250
"""Columns for what reads a pipe: nothing is folded there to fit a screen."""

STDERR = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else WIDE)
"""Where progress and remarks go, so that results can be piped."""


def show(result: RenderableType) -> None:
    """Print a result."""
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDE).print(result)


def print_json(answer: Any) -> None:
    """An answer as JSON, as the API gave it."""
    sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")


def table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> RenderableType:
    """A table; a column whose name begins with `#` holds numbers and stands to the right."""
    named = any(name.removeprefix("#") for name in columns)
    made = Table(box=None, padding=(0, 1), show_header=named, header_style="dim")
    for name in columns:
        made.add_column(name.removeprefix("#"), justify="right" if name.startswith("#") else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(shown(value)) for value in row))
    return Group(Text(title, "bold"), made) if title else made


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
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value)) or NOTHING
    return str(value)


def moment(value: str | None) -> str | None:
    """An RFC 3339 time to the minute; as UTC, which is what services answer in."""
    return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M}" if value else None


def lasting(seconds: float | None) -> str | None:
    """A length of time in its largest unit, such as `3.5 days`."""
    if seconds is None:
        return None
    size, unit = next((one for one in SPANS if seconds >= one[0]), SPANS[-1])
    return f"{seconds / size:.1f} {unit}".replace(".0 ", " ")


def day(value: str | None) -> str | None:
    """The day of an RFC 3339 time."""
    return f"{datetime.fromisoformat(value):%Y-%m-%d}" if value else None
