"""Answers of any length, read by a cursor on the server a few rows at a time."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, TextClause
from sqlalchemy.ext.asyncio import AsyncConnection

FETCHED = 1_000
"""Rows that are in memory at a time."""


class Query(NamedTuple):
    """A statement with its parameters: a page asks it with a limit, an export without."""

    statement: TextClause
    parameters: Mapping[str, Any]


async def stream(conn: AsyncConnection, query: Query) -> AsyncIterator[RowMapping]:
    """Every row of the answer, in its order."""
    options = {"yield_per": FETCHED}
    async with conn.stream(query.statement, query.parameters, execution_options=options) as found:
        async for row in found.mappings():
            yield row
