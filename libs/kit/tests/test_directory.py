"""The copy of people: deliveries in any number and order have the effect of the highest version."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text

from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_kit.database import Database
from usher_kit.directory import apply_people
from usher_kit.ids import new_id

from .conftest import DAY

MakeEvent = Callable[..., Event[UserChanged]]


async def test_the_highest_version_stays_whatever_comes_after(database: Database, user_changed: MakeEvent) -> None:
    person = new_id()
    first, second, third = (user_changed(person, version=version) for version in (1, 2, 3))
    changes = []
    for batch in ([second], [first], [second, second], [third, first], [third]):
        async with database.transaction([UUID(int=1)]) as conn:
            changes.append(await apply_people(conn, batch, DAY))
    assert changes == [[person], [], [], [person], []]
    async with database.transaction([UUID(int=1)]) as conn:
        row = (await conn.execute(text("select version, roles, role_since from person"))).one()
    assert row == (3, ["learner"], [DAY])
