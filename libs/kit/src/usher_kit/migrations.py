"""Migrations: each service's own versions, run alike, with row-level security and grants for its role."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from usher_kit.database import app_role, async_url, reader_role
from usher_kit.settings import with_database
from usher_kit.tables import add_directory, add_plumbing, new_metadata
from usher_kit.versions import LAST_EPOCH

MISSING_DATABASE = "3D000"
MIGRATION_LOCK = 0x7573686572
"""An advisory lock's key, so that replicas that start together migrate one after the other."""

TENANTS = "(select nullif(current_setting('usher.tenants', true), ''))::uuid[]"
"""The transaction's tenants, read once a statement; unset means none."""

GRANTS = """
    grant usage on schema public to {role};
    grant select, insert, update, delete on all tables in schema public to {role};
    grant usage, select on all sequences in schema public to {role};
    revoke insert, update, delete on epoch from {role};
"""
RAISE_EPOCH = text("update epoch set number = greatest(number, cast(:above as smallint)) + 1 returning number")

FREEZE = """
    do $$ declare kept text; begin
        for kept in select distinct polrelid::regclass from pg_policy where polname like '{mark}%' loop
            execute format('revoke update, delete, truncate on %s from {role}', kept);
        end loop;
    end $$
"""
APPEND_ONLY = "append_only"
"""How the policies are named that mark a table as append-only."""

MAKE_ROLE = """
    do $$ begin
        if not exists (select from pg_roles where rolname = '{role}') then create role {role} nologin; end if;
    exception when duplicate_object or unique_violation then null;
    end $$
"""


def isolate(table: str, key: str = "tenant_id") -> None:
    """Put `table` behind the one policy: rows of the transaction's tenants and no others, for reading and writing."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy tenant on {table} using ({key} = any({TENANTS}))")


def append_only(table: str) -> None:
    """Let the service add rows to `table`, and never change or remove one: it gets no grant to, and no policy.

    The policies are the mark that `grant` goes by. The owner of the database stays its owner; what it changes can only
    be made evident.
    """
    for verb in ("update", "delete"):
        op.execute(f"create policy {APPEND_ONLY}_{verb} on {table} as restrictive for {verb} using (false)")


def open_to_reader(service: str, reader: str, columns: Mapping[str, Sequence[str]]) -> None:
    """Make a role beside the service's own that reads these columns, by table, of every tenant; and nothing else.

    For what is asked without a tenant, by the id of one thing, so often that opening all tenants would be the cost.
    """
    role = reader_role(service, reader)
    op.execute(MAKE_ROLE.format(role=role))
    op.execute(f"grant {role} to current_user")
    op.execute(f"grant usage on schema public to {role}")
    for table, seen in columns.items():
        op.execute(f"grant select ({', '.join(seen)}) on {table} to {role}")
        op.execute(f"create policy read_by_{reader} on {table} for select to {role} using (true)")


def create_plumbing() -> None:
    """Create `tenant`, `epoch` (the first, 0), `outbox`, `told`, `re_emission` and `idempotency_key`.

    The relay, which serves all tenants, has a policy of its own.
    """
    metadata = new_metadata()
    add_plumbing(metadata)
    metadata.create_all(op.get_bind())
    op.execute("insert into epoch (number) values (0)")
    for table in ("outbox", "told", "re_emission", "idempotency_key"):
        isolate(table)
    for table in ("outbox", "told", "idempotency_key"):
        op.execute(f"create policy relay on {table} using (current_setting('usher.relay', true) = 'on')")


def create_directory(extra: Sequence["Column[Any]"] = ()) -> None:
    """Create the copies of organizations and people, `extra` being the service's own columns of a person."""
    metadata = new_metadata()
    add_directory(metadata, *extra)
    metadata.create_all(op.get_bind())
    isolate("organization")
    isolate("person")


async def migrate(service: str, url: str) -> None:
    """Bring the service's database up to date, making the database and its role where they are missing."""
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        await create_database(engine, url)
        async with engine.begin() as conn:
            await conn.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            role = app_role(service)
            await conn.execute(text(MAKE_ROLE.format(role=role)))
            await conn.execute(text(f"grant {role} to current_user"))
            await conn.run_sync(upgrade, service)
            await grant(conn, role)
    finally:
        await engine.dispose()


async def grant(conn: AsyncConnection, role: str) -> None:
    """Let `role` work with every table: with those that are append-only by reading and adding alone."""
    for one in filter(str.strip, GRANTS.format(role=role).split(";")):
        await conn.execute(text(one))
    await conn.execute(text(FREEZE.format(role=role, mark=APPEND_ONLY)))


async def create_database(engine: AsyncEngine, url: str) -> None:
    """Create the database that `engine` names when the server says that there is none."""
    try:
        async with engine.connect():
            return
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != MISSING_DATABASE:
            raise
    except Exception as error:
        if getattr(error, "sqlstate", None) != MISSING_DATABASE:
            raise
    name = engine.url.database
    maintenance = create_async_engine(
        async_url(with_database(url, "postgres")), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    try:
        async with maintenance.connect() as conn:
            await conn.execute(text(f'create database "{name}"'))
    finally:
        await maintenance.dispose()


async def raise_epoch(url: str, *, above: int = 0) -> int:
    """Begin a new epoch in the database at `url`, which has just been restored; answers its number.

    To be done before anything is written there, as the database's owner. `above` is the highest epoch that the database
    was ever in, where the backup may be older than that. Raises ValueError when there is none left.
    """
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.begin() as conn:
            number: int = (await conn.execute(RAISE_EPOCH, {"above": above})).scalar_one()
            if number > LAST_EPOCH:
                raise ValueError(f"epoch {number} is beyond the last, {LAST_EPOCH}")
    finally:
        await engine.dispose()
    return number


def upgrade(connection: Connection, service: str) -> None:
    """Run the versions that are missing, on an open connection."""
    config = configure(service)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def configure(service: str) -> Config:
    """Alembic's configuration for one service."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("alembic_env")))
    config.set_main_option("version_locations", str(versions_of(service)))
    config.set_main_option("path_separator", "os")
    return config


def versions_of(service: str) -> Path:
    """`services/<service>/migrations/versions`, beside the package's source. Raises FileNotFoundError without it."""
    spec = find_spec(f"usher_{service}")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package usher_{service} is not installed")
    return Path(spec.origin).parents[2] / "migrations" / "versions"


def pending(connection: Connection, service: str) -> bool:
    """Whether the database lacks a version that this program brings."""
    head = ScriptDirectory.from_config(configure(service)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() != head


def differences(connection: Connection, metadata: MetaData) -> list[Any]:
    """What the migrated database and the tables in code disagree on; empty when they are in step."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 (for the check alone)

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))
