"""A rehearsal: acts on a private copy, which nobody sees and nothing keeps."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text

from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_kit.database import Database
from usher_kit.directory import apply_people
from usher_kit.rehearsal import rehearsal
from usher_kit.tables import add_directory, add_plumbing, new_metadata

from .conftest import DAY

METADATA = new_metadata()
add_plumbing(METADATA)
add_directory(METADATA)

ONE, OTHER = UUID(int=1), UUID(int=2)
COUNT = text("select count(*) from person")
MakeEvent = Callable[..., Event[UserChanged]]


async def test_what_is_done_in_a_rehearsal_is_seen_there_alone(database: Database, user_changed: MakeEvent) -> None:
    async with database.transaction([ONE, OTHER]) as conn:
        await apply_people(conn, [user_changed(tenant=ONE), user_changed(tenant=OTHER)], DAY)
        # What a pooled connection has prepared must not lead a rehearsal to the real tables.
        assert await conn.scalar(COUNT) == 2
    async with rehearsal(database, METADATA, [ONE]) as conn:
        assert await conn.scalar(COUNT) == 1, "it sees its tenants' rows"
        await apply_people(conn, [user_changed(tenant=ONE)], DAY)
        assert await conn.scalar(COUNT) == 2
        assert await conn.scalar(text("select count(*) from public.person")) == 1
        async with database.transaction([ONE]) as beside:
            assert await beside.scalar(COUNT) == 1
            await beside.execute(text("update person set version = version + 1"))
    async with database.transaction([ONE]) as after:
        assert await after.scalar(COUNT) == 1
    async with rehearsal(database, METADATA, [ONE], empty=["outbox", "person"]) as conn:
        assert await conn.scalar(COUNT) == 0
