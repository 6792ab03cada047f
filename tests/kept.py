"""A database that one test after the other has to itself: emptied in between, many times quicker than made anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

PAGE_LIMIT = 8
"""A table of more pages is truncated; from a smaller one, rows are deleted, which is quicker."""

TABLES = (
    "select oid::regclass::text from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
)
# All that a test may change but rows: names and types, who may do what, and by which policies.
SCHEMA = """
    select md5(string_agg(part, ' ' order by part)) from (
        select concat_ws(' ', c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.relowner,
            c.relhastriggers) as part
        from pg_class c where c.relnamespace = 'public'::regnamespace
        union all
        select concat_ws(' ', a.attrelid::regclass, a.attname, a.atttypid, a.attnotnull, a.attacl, a.attidentity)
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0
        union all
        select concat_ws(' ', polrelid::regclass, polname, polcmd, pg_get_expr(polqual, polrelid),
            pg_get_expr(polwithcheck, polrelid)) from pg_policy
        union all
        select concat_ws(' ', proname, proowner, prosrc) from pg_proc where pronamespace = 'public'::regnamespace
        union all
        select concat_ws(' ', setdatabase, setrole, setconfig) from pg_db_role_setting
        where setrole not in (select oid from pg_roles where starts_with(rolname, 'usher_bi_'))
    ) parts
"""
OTHERS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""
RESTART = """
    select setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) from pg_sequences
    where schemaname = 'public' and last_value is not null
"""


@dataclass(frozen=True)
class Kept:
    """A database as its migrations left it: its schema's digest, and the rows that are in it from the start."""

    url: str
    schema: str
    tables: Sequence[str]
    rows: Mapping[str, str]

    @classmethod
    async def of(cls, url: str) -> "Kept":
        """Look at a database that nobody has used yet."""
        connection = await asyncpg.connect(url)
        try:
            tables = [row[0] for row in await connection.fetch(TABLES)]
            found = {table: await connection.fetchval(f"select json_agg(t)::text from {table} t") for table in tables}
            rows = {table: text for table, text in found.items() if text is not None}
            return cls(url, await connection.fetchval(SCHEMA), tables, rows)
        finally:
            await connection.close()

    async def empty(self) -> bool:
        """Make it as new. Answers whether it is: not where a test has changed more of it than rows."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(OTHERS)
            if await connection.fetchval(SCHEMA) != self.schema:
                return False
            used = [table for table in self.tables if table not in self.rows]
            sizes = ", ".join(
                f"pg_relation_size('{table}') / current_setting('block_size')::int" for table in [*used, *self.rows]
            )
            pages = dict(zip([*used, *self.rows], await connection.fetchrow(f"select {sizes}") or (), strict=True))
            async with connection.transaction():
                # Triggers and foreign keys say what a service may do, and nothing of a clean slate.
                await connection.execute("set local session_replication_role = replica; set local lock_timeout = '2s'")
                await connection.execute("; ".join(clear(table, pages[table]) for table in pages if pages[table]))
                for table, rows in self.rows.items():
                    await connection.execute(
                        f"insert into {table} overriding system value "
                        f"select * from json_populate_recordset(null::{table}, $1)",
                        rows,
                    )
                await connection.execute(RESTART)
            return True
        finally:
            await connection.close()


def clear(table: str, pages: int) -> str:
    return f"truncate {table}" if pages > PAGE_LIMIT else f"delete from {table}"
