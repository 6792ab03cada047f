"""History: every state that the read models were in, and views of any past moment."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from usher_kit.database import app_role
from usher_kit.migrations import isolate

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEYS = {
    "organization": ("id",),
    "product": ("product",),
    "license_term": ("id",),
    "pool": ("id",),
    "headcount": ("org_id", "product"),
    "actives": ("org_id", "period", "starts_on"),
    "standing": ("org_id", "product"),
}
"""The tables whose every state is kept, with what follows the tenant in their keys."""

USE = ("activity_version", "activity", "activity_since")
SEAT_KEY = ("tenant_id", "user_id", "product")
MOMENT = "coalesce(cast(nullif(current_setting('usher.moment', true), '') as timestamptz), clock_timestamp())"
"""The transaction's own; whoever changes tables by hand does it when they do."""

ASKED = "cast(current_setting('usher.at') as timestamptz)"
COLUMNS = sa.text("""
    select attname from pg_attribute
    where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped order by attnum
""")
REQUIRED = sa.text("""
    select attname from pg_attribute where attrelid = cast(:table as regclass) and attnum > 0 and attnotnull
""")

# A statement that inserts or updates fires both triggers, each with the rows of its own kind.
WRITE = """
    create function {name}() returns trigger language plpgsql as $$
    begin
        insert into {table}_history ({columns}, known_from)
        select {told}, {moment} from told {news}
        on conflict ({key}, known_from) do update set ({rest}) = row({written});
        return null;
    end $$
"""
ON_INSERT = """
    create trigger keep_inserted after insert on {table} referencing new table as told
    for each statement execute function {name}()
"""
ON_UPDATE = """
    create trigger keep_updated after update on {table} referencing old table as kept new table as told
    for each statement execute function {name}()
"""
ALL_NEWS = ""
FIRST_USE = "where told.activity_version > 0"
OTHER_USE = """
    join kept using (tenant_id, user_id, product)
    where (told.activity, told.activity_since) is distinct from (kept.activity, kept.activity_since)
"""
# Rows are never removed from these tables, so that each which there ever was leads to its states by its key.
VIEW = """
    create view past.{table} with (security_invoker = true) as
    select {columns} from public.{table} own
    cross join lateral (
        select * from public.{table}_history state
        where {same} and state.known_from <= {asked}
        order by state.known_from desc limit 1
    ) state
"""
VOID_THEN = f"(own.voided_at <= {ASKED}) is true as is_void"
CLAIMS = f"""
    create view past.claim with (security_invoker = true) as
    select %s from public.claim own where own.known_at <= {ASKED}
"""


def upgrade() -> None:
    op.execute("create schema past")
    for table, key in KEYS.items():
        full_key, columns = ["tenant_id", *key], columns_of(table)
        create_history(table, full_key, columns)
        create_writer(f"keep_{table}", table, full_key, columns, ALL_NEWS, ON_INSERT, ON_UPDATE)
        create_view(table, full_key, columns)
    op.create_index("ix_actives_history_known_from", "actives_history", ["tenant_id", "known_from"])
    keep_use_of_seats()
    op.execute(
        CLAIMS % ", ".join(VOID_THEN if column == "is_void" else f"own.{column}" for column in columns_of("claim"))
    )
    role = app_role("reporting")
    op.execute(f"grant usage on schema past to {role}")
    op.execute(f"grant select on all tables in schema past to {role}")


def keep_use_of_seats() -> None:
    """A seat's row changes with every day's login; what is kept is when it comes to be used otherwise than before."""
    columns = [*SEAT_KEY, *USE]
    create_history("seat", SEAT_KEY, columns)
    create_writer("keep_first_use", "seat", SEAT_KEY, columns, FIRST_USE, ON_INSERT)
    create_writer("keep_other_use", "seat", SEAT_KEY, columns, OTHER_USE, ON_UPDATE)


def columns_of(table: str) -> list[str]:
    return list(op.get_bind().scalars(COLUMNS, {"table": table}))


def create_history(table: str, key: Sequence[str], columns: Sequence[str]) -> None:
    kept = f"{table}_history"
    op.execute(f"create table {kept} as select {', '.join(columns)}, now() as known_from from {table} with no data")
    for column in op.get_bind().scalars(REQUIRED, {"table": table}):
        if column in columns:
            op.execute(f"alter table {kept} alter column {column} set not null")
    op.execute(f"alter table {kept} add constraint pk_{kept} primary key ({', '.join(key)}, known_from)")
    isolate(kept)


def create_writer(name: str, table: str, key: Sequence[str], columns: Sequence[str], news: str, *triggers: str) -> None:
    rest = [column for column in columns if column not in key]
    op.execute(
        WRITE.format(
            name=name,
            table=table,
            columns=", ".join(columns),
            told=", ".join(f"told.{column}" for column in columns),
            moment=MOMENT,
            news=news,
            key=", ".join(key),
            rest=", ".join(rest),
            written=", ".join(f"excluded.{column}" for column in rest),
        )
    )
    for trigger in triggers:
        op.execute(trigger.format(table=table, name=name))


def create_view(table: str, key: Sequence[str], columns: Sequence[str]) -> None:
    """What the table was, by its own keys of now: so that a condition on one of them finds its states by an index."""
    shown = [f"own.{column}" if column in key else f"state.{column}" for column in columns]
    same = " and ".join(f"state.{column} = own.{column}" for column in key)
    op.execute(VIEW.format(table=table, columns=", ".join(shown), same=same, asked=ASKED))
