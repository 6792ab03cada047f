"""The floor's reporting: people, seats, claims and headcounts, the rows alone."""

from collections import Counter
from uuid import uuid4

from tests.bench.floor import kinds
from tests.bench.floor.link import Connection, Fact, run
from tests.bench.floor.rows import NEWEST, PERSON_COLUMNS, insert, person, write

from usher_reporting.tables import CLAIM, HEADCOUNT, METADATA, POOL, SEAT

PERSON = insert(METADATA.tables["person"], PERSON_COLUMNS, NEWEST)
SEAT_COLUMNS = (
    *("tenant_id", "user_id", "product", "version", "org_id", "pool_id", "state", "since", "assigned_since"),
    *("activity_version", "activity"),
)
SEATS = insert(SEAT, SEAT_COLUMNS, NEWEST)
CLAIM_COLUMNS = [column.name for column in CLAIM.columns]
CLAIMS = insert(CLAIM, CLAIM_COLUMNS)
HEADCOUNTS = insert(
    HEADCOUNT,
    [column.name for column in HEADCOUNT.columns],
    "do update set assigned = kept.assigned + excluded.assigned, unknown = kept.unknown + excluded.unknown",
)
POOL_COLUMNS = [column.name for column in POOL.columns]
POOLS = insert(POOL, POOL_COLUMNS, NEWEST)


async def keep_people(connection: Connection, facts: list[Fact]) -> bool:
    await write(connection, PERSON, map(person, facts))
    return False


async def keep_seats(connection: Connection, facts: list[Fact]) -> bool:
    places = Counter((fact["tenant_id"], fact["org_id"], fact["product"]) for fact in facts)
    # Everybody in a flow gets both seats: counting them as one is counting one of them.
    places.update((fact["tenant_id"], fact["org_id"], "combined") for fact in facts if fact["product"] == "observe")
    await write(connection, SEATS, [(*[fact[name] for name in SEAT_COLUMNS[:-2]], 0, "unknown") for fact in facts])
    await write(connection, CLAIMS, map(claim_row, facts))
    await write(connection, HEADCOUNTS, [(*place, n, 0, 0, 0, 0, 0, n) for place, n in places.items()])
    return False


def claim_row(fact: Fact) -> tuple[object, ...]:
    """A claim's row, in the order of its table's columns."""
    return (
        fact["tenant_id"],
        fact["user_id"],
        fact["product"],
        fact["version"],
        fact["previous_version"],
        fact["since"],
        fact["org_id"],
        fact["pool_id"],
        fact["claim"],
        fact["reason"],
        fact["from_state"],
        fact["state"],
        "client:cli",
        str(uuid4()),
        fact["user_id"],
        fact["user_id"],
        fact["user_id"],
        "0" * 32,
        fact["since"],
        fact["assigned_since"],
        False,
        fact["since"],
        None,
    )


async def keep_pools(connection: Connection, facts: list[Fact]) -> bool:
    latest = {fact["id"]: fact for fact in sorted(facts, key=lambda fact: fact["version"])}
    await write(connection, POOLS, [[fact[name] for name in POOL_COLUMNS] for fact in latest.values()])
    return False


async def main() -> None:
    apply = {
        kinds.USER: keep_people,
        kinds.POOL: keep_pools,
        kinds.SEAT: keep_seats,
    }
    await run("reporting", apply)
