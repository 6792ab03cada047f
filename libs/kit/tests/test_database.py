"""Row-level security: a transaction sees its tenants' rows and no others, whatever a query forgets."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_kit.database import Database, app_role
from usher_kit.directory import apply_people
from usher_kit.migrations import grant

from .conftest import DAY, SERVICE

ONE, OTHER = UUID(int=1), UUID(int=2)
PRIVILEGES = text("""
    select privilege_type from information_schema.role_table_grants where table_name = 'record' and grantee = :role
""")
COUNT = text("select count(*) from person")
MakeEvent = Callable[..., Event[UserChanged]]


async def test_a_query_that_forgets_its_filter_sees_the_transactions_tenants_alone(
    database: Database, user_changed: MakeEvent
) -> None:
    async with database.transaction([ONE, OTHER]) as conn:
        await apply_people(
            conn, [user_changed(tenant=ONE), user_changed(tenant=OTHER), user_changed(tenant=OTHER)], DAY
        )
    for tenants, seen in (([ONE], 1), ([OTHER], 2), ([ONE, OTHER], 3), ([], 0)):
        async with database.transaction(tenants) as conn:
            assert await conn.scalar(COUNT) == seen


async def test_a_row_of_another_tenant_cannot_be_written(database: Database, user_changed: MakeEvent) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.transaction([ONE]) as conn:
            await apply_people(conn, [user_changed(tenant=OTHER)], DAY)


async def test_tenants_of_one_transaction_do_not_leak_into_the_next(
    database: Database, user_changed: MakeEvent
) -> None:
    async with database.transaction([ONE]) as conn:
        await apply_people(conn, [user_changed(tenant=ONE)], DAY)
    async with database.engine.connect() as conn:
        assert await conn.scalar(COUNT) == 0


@pytest.mark.parametrize("change", ["update record set line = 'other'", "delete from record", "truncate record"])
async def test_what_is_append_only_is_added_to_and_read_and_nothing_else(database: Database, change: str) -> None:
    async with database.transaction([ONE]) as conn:
        await conn.execute(text("insert into record values (:tenant, 'one')"), {"tenant": ONE})
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.transaction([ONE]) as conn:
            await conn.execute(text(change))
    async with database.transaction([ONE]) as conn:
        assert (await conn.scalars(text("select line from record"))).all() == ["one"]


async def test_grants_that_are_given_again_leave_append_only_tables_so(database: Database) -> None:
    async with database.engine.begin() as conn:
        await conn.execute(text("reset role"))
        await grant(conn, app_role(SERVICE))
        verbs = await conn.scalars(PRIVILEGES, {"role": app_role(SERVICE)})
        assert sorted(verbs) == ["INSERT", "SELECT"]
