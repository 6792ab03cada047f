"""The data dictionary of BI's views, of their comments in a migrated database, and the list of what is released.

`python -m usher_reporting.bi_dictionary DATABASE_URL` writes both, and refuses to take out what was released.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

SERVICE = Path(__file__).parents[2]
RELEASED = SERVICE / "released" / "bi_v1.json"
PAGE = SERVICE.parents[1] / "docs" / "bi.md"
BEGIN = "## The views\n"
"""The heading from which the page is generated."""

COMMENTS = """
    select c.relname as view, obj_description(c.oid, 'pg_class') as about, a.attname as column,
        format_type(a.atttypid, a.atttypmod) as type, col_description(c.oid, a.attnum) as meaning
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'bi_v1'::regnamespace and c.relkind = 'v' and a.attnum > 0 and not a.attisdropped
    order by c.relname, a.attnum
"""


@dataclass(frozen=True, slots=True)
class View:
    """A view with what it is of, and its columns: name, type and meaning."""

    name: str
    about: str | None
    columns: Sequence[tuple[str, str, str | None]]


async def read_views(connection: "asyncpg.Connection[Any]") -> list[View]:
    """BI's views as the database has them, by name."""
    rows = await connection.fetch(COMMENTS)
    names = dict.fromkeys((row["view"], row["about"]) for row in rows)
    return [
        View(name, about, [(row["column"], row["type"], row["meaning"]) for row in rows if row["view"] == name])
        for name, about in names
    ]


def render(views: Sequence[View]) -> str:
    """The page's part on views."""
    parts = [BEGIN]
    for view in views:
        lines = [f"| `{name}` | {type_} | {meaning} |" for name, type_, meaning in view.columns]
        parts.append(
            "\n".join([f"### {view.name}\n", f"{view.about}.\n", "| column | type | |", "|---|---|---|", *lines])
        )
    return "\n".join([parts[0], "\n\n".join(parts[1:])]) + "\n"


def released_types() -> dict[str, dict[str, str]]:
    """By view and column, the type with which it was released."""
    found: dict[str, dict[str, str]] = json.loads(RELEASED.read_text()) if RELEASED.exists() else {}
    return found


def types_of(views: Sequence[View]) -> dict[str, dict[str, str]]:
    return {view.name: {name: type_ for name, type_, _ in view.columns} for view in views}


def broken(views: Sequence[View], released: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What was released and is there no longer, or is of another type."""
    there = types_of(views)
    return [
        f"{view}.{column} {type_}"
        for view, columns in released.items()
        for column, type_ in columns.items()
        if there.get(view, {}).get(column) != type_
    ]


async def write(url: str) -> None:
    """Write the page, and release what is new. Raises ValueError where something released is missing."""
    connection = await asyncpg.connect(url)
    try:
        views = await read_views(connection)
    finally:
        await connection.close()
    if missing := broken(views, released_types()):
        raise ValueError(f"released, and not there as it was: {', '.join(missing)}")
    RELEASED.parent.mkdir(exist_ok=True)
    RELEASED.write_text(json.dumps(types_of(views), indent=2) + "\n")
    PAGE.write_text(PAGE.read_text().partition(BEGIN)[0] + render(views))


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1]))
