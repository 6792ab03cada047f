"""Statements that write any number of rows at once, made from a table's columns."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import TextClause

DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its constructor untyped


@cache
def insert(table: Table, conflict: str) -> TextClause:
    """Insert the given rows; `conflict` says what happens to those that are there already; empty: an error."""
    names, typed = columns_of(table)
    keys = ", ".join(column.name for column in table.primary_key)
    otherwise = f"on conflict ({keys}) {conflict}" if conflict else ""
    # One JSON document and not one array a column, since the driver looks at each element of an array by itself.
    return text(f"""
        insert into {table.name} as kept ({names})
        select {names} from json_to_recordset(cast(cast(:rows as text) as json)) as given ({typed})
        {otherwise}
    """)


def columns_of(table: Table) -> tuple[str, str]:
    """A table's columns by their names, and with their types, as statements list them."""
    typed = (f"{column.name} {column.type.compile(DIALECT)}" for column in table.columns)
    return ", ".join(column.name for column in table.columns), ", ".join(typed)


def replacing(table: Table) -> str:
    """The rest of a row becomes what is new."""
    rest = [column.name for column in table.columns if not column.primary_key]
    return f"do update set ({', '.join(rest)}) = ({', '.join(f'excluded.{name}' for name in rest)})"


async def add(conn: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows none of which is there yet. Raises IntegrityError for one that is."""
    await execute(conn, table, "", rows)


async def save(conn: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each in place of the one with its key."""
    await execute(conn, table, replacing(table), rows)


async def save_newer(conn: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write the rows whose version is higher than that of the row with their key. Answers how many those were."""
    return await execute(conn, table, f"{replacing(table)} where kept.version < excluded.version", rows)


async def execute(conn: AsyncConnection, table: Table, conflict: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows, with what happens to those that are there. Answers how many were written."""
    if not rows:
        return 0
    written = await conn.execute(insert(table, conflict), {"rows": orjson.dumps(rows, default=str).decode()})
    return written.rowcount
