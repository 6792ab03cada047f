"""The floor's outbox: the rows that the product writes for its facts, as long as its own."""

from collections.abc import Sequence

import orjson
from tests.bench.floor.link import Connection, Fact

ATTRIBUTES = "x" * 420
"""As many characters as the attributes of a seat's fact have: they are stored here, but not sent."""

ADD = """
    insert into outbox (tenant_id, exchange, routing_key, attributes, body, added_at)
    select tenant::uuid, 'floor.events', $2, $3, body, now() from unnest($1::text[], $4::text[]) as fact (tenant, body)
"""


async def add(connection: Connection, key: str, facts: Sequence[Fact]) -> None:
    """Write facts of one kind."""
    bodies = [orjson.dumps(fact, default=str).decode() for fact in facts]
    await connection.execute(ADD, [fact["tenant_id"] for fact in facts], key, ATTRIBUTES, bodies)
