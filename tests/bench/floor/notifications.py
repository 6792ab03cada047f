"""The floor's notifications: people and seats, the rows alone."""

from tests.bench.floor import kinds
from tests.bench.floor.link import Connection, Fact, run
from tests.bench.floor.rows import NEWEST, PERSON_COLUMNS, insert, person, write

from usher_notifications.tables import METADATA, SEAT

PERSON = insert(METADATA.tables["person"], PERSON_COLUMNS, NEWEST)
SEAT_COLUMNS = [column.name for column in SEAT.columns]
SEATS = insert(SEAT, SEAT_COLUMNS, NEWEST)


async def keep_people(connection: Connection, facts: list[Fact]) -> bool:
    await write(connection, PERSON, map(person, facts))
    return False


async def keep_seats(connection: Connection, facts: list[Fact]) -> bool:
    await write(connection, SEATS, [[fact[name] for name in SEAT_COLUMNS] for fact in facts])
    return False


async def main() -> None:
    await run("notifications", {kinds.USER: keep_people, kinds.SEAT: keep_seats})
