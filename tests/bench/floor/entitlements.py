"""The floor's entitlements: two seats a person, the rows alone."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from tests.bench.district import PRODUCTS
from tests.bench.floor import kinds, outbox
from tests.bench.floor.link import Connection, Fact, run
from tests.bench.floor.rows import PERSON_COLUMNS, insert, person, write

from usher_entitlements.tables import METADATA, SEAT

EVIDENCE = (
    '{"role": "learner", "rule_id": "00000000-0000-0000-0000-000000000000", "pool": {"capacity": 100000, '
    '"assigned": 10000, "waitlisted": 0}, "message_id": "00000000-0000-0000-0000-000000000000", "trace_id": '
    '"00000000000000000000000000000000", "actor": "client:cli"}'
)
PERSON = insert(METADATA.tables["person"], (*PERSON_COLUMNS, "config_version"))
SEATS = insert(SEAT, [column.name for column in SEAT.columns])
UNORDERED = (None, None, None, None, None)
"""Of a seat that nobody has put in a place, withheld or reclaimed."""

SERVES = "select org_id, product, pool_id from pool_service where tenant_id = $1"
POOLS = """
    update pool set (assigned, version, as_of) = (assigned + given.people, version + 1, $2)
    from unnest($3::uuid[], $4::int[]) as given (pool_id, people) where tenant_id = $1 and id = given.pool_id
    returning tenant_id, id, version, org_id, product, 'open' as state, license_state, capacity, capacity_with_grace,
        extra as overage_seats, assigned, waitlisted, suspended, over_allocated, starts_at, ends_at, as_of
"""


async def seat_people(connection: Connection, facts: list[Fact]) -> bool:
    now = datetime.now(UTC)
    at = now.isoformat()
    tenant = facts[0]["tenant_id"]
    serves = {(str(row[0]), row[1]): str(row[2]) for row in await connection.fetch(SERVES, UUID(tenant))}
    seats = [
        {
            "tenant_id": tenant,
            "version": 1,
            "previous_version": 0,
            "user_id": fact["id"],
            "product": product,
            "org_id": fact["org_id"],
            "pool_id": serves[fact["org_id"], product],
            "state": "assigned",
            "from_state": "none",
            "claim": "assigned",
            "reason": "role_granted",
            "since": at,
            "assigned_since": at,
            "wanted_since": fact["status_since"],
        }
        for product in PRODUCTS
        for fact in facts
    ]
    await write(connection, PERSON, [(*person(fact), 1) for fact in facts])
    await write(connection, SEATS, map(seat_row, seats))
    given = Counter(seat["pool_id"] for seat in seats)
    changed = await connection.fetch(POOLS, UUID(tenant), now, list(given), list(given.values()))
    await outbox.add(connection, kinds.SEAT, seats)
    await outbox.add(connection, kinds.POOL, [{**row, "tenant_id": tenant, "id": str(row["id"])} for row in changed])
    return True


def seat_row(seat: Fact) -> tuple[object, ...]:
    """A seat's row, in the order of its table's columns."""
    return (
        seat["tenant_id"],
        seat["user_id"],
        seat["product"],
        seat["org_id"],
        seat["pool_id"],
        "assigned",
        "role_granted",
        seat["since"],
        seat["since"],
        seat["wanted_since"],
        0,
        False,
        "learner",
        EVIDENCE,
        1,
        *UNORDERED,
    )


async def main() -> None:
    await run("entitlements", {kinds.USER: seat_people})
