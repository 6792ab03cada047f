"""The floor's usage: people, seats and their activity, the rows alone."""

from datetime import UTC, datetime

from tests.bench.floor import kinds, outbox
from tests.bench.floor.link import Connection, Fact, run
from tests.bench.floor.rows import NEWEST, PERSON_COLUMNS, insert, person, write

from usher_usage.tables import LAST_LOGIN, METADATA, SEAT, SEAT_ACTIVITY

PERSON = insert(METADATA.tables["person"], PERSON_COLUMNS, NEWEST)
SEATS = insert(SEAT, [column.name for column in SEAT.columns], NEWEST)
LOGINS = insert(LAST_LOGIN, ("tenant_id", "user_id"))
ACTIVITY_COLUMNS = ("tenant_id", "user_id", "product", "org_id", "activity", "since", "told_at", "version")
ACTIVITIES = insert(SEAT_ACTIVITY, ACTIVITY_COLUMNS, NEWEST)


async def keep_people(connection: Connection, facts: list[Fact]) -> bool:
    await write(connection, PERSON, map(person, facts))
    return False


async def keep_seats(connection: Connection, facts: list[Fact]) -> bool:
    at = datetime.now(UTC).isoformat()
    told = [
        {
            "tenant_id": fact["tenant_id"],
            "version": 1,
            "previous_version": 0,
            "user_id": fact["user_id"],
            "product": fact["product"],
            "org_id": fact["org_id"],
            "activity": "unknown",
            "since": fact["since"],
            "last_login_at": None,
            "reclaim_due": None,
            "kept_until": None,
        }
        for fact in facts
    ]
    await write(connection, LOGINS, {(fact["tenant_id"], fact["user_id"]) for fact in facts})
    await write(connection, SEATS, map(seat_row, facts))
    await write(connection, ACTIVITIES, [(*activity_key(one), "unknown", one["since"], at, 1) for one in told])
    await outbox.add(connection, kinds.ACTIVITY, told)
    return True


def seat_row(fact: Fact) -> tuple[object, ...]:
    return (*activity_key(fact), fact["state"], fact["assigned_since"], fact["version"])


def activity_key(fact: Fact) -> tuple[object, ...]:
    return (fact["tenant_id"], fact["user_id"], fact["product"], fact["org_id"])


async def main() -> None:
    await run("usage", {kinds.USER: keep_people, kinds.SEAT: keep_seats})
