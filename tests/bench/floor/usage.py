"""The floor's usage: people, seats and their activity, the rows alone."""

from datetime import UTC, datetime

from tests.bench.floor import kinds
from tests.bench.floor.link import Connection, Fact, run
from tests.bench.floor.rows import NEWEST, PERSON_COLUMNS, insert, person, write

from usher_usage.tables import LAST_LOGIN, METADATA, SEAT, SEAT_ACTIVITY

PERSON = insert(METADATA.tables["person"], PERSON_COLUMNS, NEWEST)
SEATS = insert(SEAT, [column.name for column in SEAT.columns], NEWEST)
LOGINS = insert(LAST_LOGIN, ("tenant_id", "user_id"))
ACTIVITY_COLUMNS = (
    "tenant_id",
    "user_id",
    "product",
    "org_id",
    "activity",
    "since",
    "assigned_since",
    "told_at",
    "version",
)
ACTIVITIES = insert(SEAT_ACTIVITY, ACTIVITY_COLUMNS, NEWEST)


async def keep_people(connection: Connection, facts: list[Fact]) -> bool:
    await write(connection, PERSON, map(person, facts))
    return False


async def keep_seats(connection: Connection, facts: list[Fact]) -> bool:
    at = datetime.now(UTC).isoformat()
    await write(connection, LOGINS, {(fact["tenant_id"], fact["user_id"]) for fact in facts})
    await write(connection, SEATS, map(seat_row, facts))
    await write(connection, ACTIVITIES, [to_activity_row(fact, at) for fact in facts])
    return False


def seat_row(fact: Fact) -> tuple[object, ...]:
    """A seat's row, in the order of its table's columns."""
    return (*activity_key(fact), fact["state"], fact["reason"], fact["assigned_since"], False, fact["version"])


def to_activity_row(fact: Fact, at: str) -> tuple[object, ...]:
    """What goes without saying of a seat, in the order of `ACTIVITY_COLUMNS`."""
    return (*activity_key(fact), "unknown", fact["since"], fact["assigned_since"], at, 0)


def activity_key(fact: Fact) -> tuple[object, ...]:
    return (fact["tenant_id"], fact["user_id"], fact["product"], fact["org_id"])


async def main() -> None:
    await run("usage", {kinds.USER: keep_people, kinds.SEAT: keep_seats})
