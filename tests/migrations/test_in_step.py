"""Migrations in step with tables: what the code says and what a migrated database has are the same."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from usher_kit.database import async_url
from usher_kit.migrations import differences, pending

SERVICES = ("identity", "entitlements", "usage", "notifications", "reporting")
WITHOUT_TENANT = {"tenant", "epoch", "alembic_version"}
"""Tables that hold no tenant's data: the ids of tenants alone, the database's epoch, and Alembic's own."""

TABLES = text("""
    select c.relname, c.relrowsecurity and c.relforcerowsecurity as isolated,
           coalesce((select a.attname from pg_index i
                     join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
                     where i.indrelid = c.oid and i.indisprimary), '') as leads
    from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
""")


def look(url: str, question: Callable[[Connection], Any]) -> Any:
    async def ask() -> Any:
        engine = create_async_engine(async_url(url), poolclass=NullPool)
        try:
            async with engine.connect() as conn:
                return await conn.run_sync(question)
        finally:
            await engine.dispose()

    return asyncio.run(ask())


@pytest.mark.parametrize("service", SERVICES)
def test_a_migrated_database_is_what_the_tables_say(service: str, new_database: Callable[[str], str]) -> None:
    metadata = import_module(f"usher_{service}.tables").METADATA
    url = new_database(service)
    assert not look(url, lambda conn: pending(conn, service))
    assert look(url, lambda conn: differences(conn, metadata)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_table_is_behind_the_wall_and_led_by_its_tenant(service: str, new_database: Callable[[str], str]) -> None:
    tables = look(new_database(service), lambda conn: list(conn.execute(TABLES)))
    assert {row.relname for row in tables if not row.isolated} == WITHOUT_TENANT
    assert {row.relname for row in tables if row.leads != "tenant_id"} <= {*WITHOUT_TENANT, "outbox"}
