"""Rehearsal: what would happen, found by doing it on a private copy of the rows, which nobody sees and nothing keeps.

The copies are temporary tables that stand before the real ones by name. So the very statements and rules that decide
in earnest run on them: without locks on what is real, and without a trace.
"""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.database import Database

NOT_COPIED = frozenset({"tenant", "epoch"})
"""Tables that no act writes to."""


@asynccontextmanager
async def rehearsal(
    database: Database, metadata: MetaData, tenants: Iterable[UUID], *, empty: Collection[str] = ("outbox",)
) -> AsyncIterator[AsyncConnection]:
    """A transaction on copies of the tables' rows of `tenants`, of one moment; those named `empty` begin without rows.

    It is rolled back in the end. The real tables are at hand as `public.<name>`, unchanged.
    """
    apart = database.apart()
    try:
        # A connection of its own: what a pooled one has prepared would go to the real tables.
        async with apart.rolled_back(tenants) as conn:
            names = [table.name for table in metadata.sorted_tables if table.name not in NOT_COPIED]
            for name in names:
                await conn.execute(text(f'create temporary table "{name}" (like public."{name}" including all)'))
            for name in names:
                if name not in empty:
                    await conn.execute(text(f'insert into pg_temp."{name}" select * from public."{name}"'))
            await conn.execute(text("analyze " + ", ".join(f'pg_temp."{name}"' for name in names)))
            yield conn
    finally:
        await apart.close()
