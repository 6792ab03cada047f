"""The outbox: facts written in the transaction that made them true, for the relay (messages: Reliability)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from opentelemetry import trace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import ATTRIBUTES, Event, routing_key
from usher_contracts.topology import EVENTS
from usher_kit.database import FACTS_ADDED, OWN_KEY
from usher_kit.telemetry.propagation import is_sampled, traceparent_of, unsampled

FOLLOWED_FACTS = 20
"""Facts of one `add` that one span led to and whose own way is recorded; the rest are seen through their batches."""

ADD = text("""
    insert into outbox (tenant_id, exchange, routing_key, attributes, body, added_at)
    select tenant, exchange, key, attributes, body, now()
    from unnest(cast(:tenants as uuid[]), cast(:exchanges as text[]), cast(:keys as text[]),
                cast(:attributes as text[]), cast(:bodies as text[])) as fact (tenant, exchange, key, attributes, body)
""")


ADD_FOR = text("""
    insert into outbox (tenant_id, exchange, routing_key, queue, attributes, body, added_at)
    select tenant, '', key, :queue, attributes, body, now()
    from unnest(cast(:tenants as uuid[]), cast(:keys as text[]), cast(:attributes as text[]), cast(:bodies as text[]))
        as fact (tenant, key, attributes, body)
""")


class OutboxRow(NamedTuple):
    """One message to be: where it goes, its CloudEvents attributes (or headers) and its body, both as JSON text."""

    tenant_id: UUID
    exchange: str
    routing_key: str
    attributes: str
    body: str
    queue: str | None = None
    """Where alone it goes, when it is told again; its routing key then says what it is."""


async def add(conn: AsyncConnection, events: Sequence[Event[Any]]) -> None:
    """Tell `events` in the caller's transaction, and write the key of the request that it belongs to.

    A fact without a trace of its own joins the current one.
    """
    if events and (key := conn.info.get(OWN_KEY)) is not None:
        await key.reserve(conn)
    own = traceparent_of(trace.get_current_span())
    led: Counter[str] = Counter()
    await add_rows(conn, [to_row(event, follow(event.traceparent or own, led)) for event in events])


def follow(parent: str | None, led: Counter[str]) -> str | None:
    """The trace of a fact that the span `parent` led to, as so many before it; recorded for the first of them alone."""
    if parent is None or not is_sampled(parent):
        return parent
    led[parent] += 1
    return parent if led[parent] <= FOLLOWED_FACTS else unsampled(parent)


@dataclass(slots=True)
class Untold:
    """Rows of a transaction, for one statement before its commit."""

    rows: list[OutboxRow] = field(default_factory=list)

    async def write(self, conn: AsyncConnection) -> None:
        await write_rows(conn, self.rows)
        self.rows = []


async def add_rows(conn: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
    """Tell rows as they are; dead letters come this way too. A transaction of a `Database` writes them at its end."""
    if rows:
        conn.info.setdefault(FACTS_ADDED, Untold()).rows += rows


async def write_rows(conn: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
    """Write rows now."""
    await conn.execute(
        ADD,
        {
            "tenants": [row.tenant_id for row in rows],
            "exchanges": [row.exchange for row in rows],
            "keys": [row.routing_key for row in rows],
            "attributes": [row.attributes for row in rows],
            "bodies": [row.body for row in rows],
        },
    )


async def write_for(conn: AsyncConnection, queue: str, events: Sequence[Event[Any]]) -> None:
    """Write facts that are told again, for one queue alone. What wakes the relay is the caller's."""
    rows = [to_row(event) for event in events]
    await conn.execute(
        ADD_FOR,
        {
            "queue": queue,
            "tenants": [row.tenant_id for row in rows],
            "keys": [row.routing_key for row in rows],
            "attributes": [row.attributes for row in rows],
            "bodies": [row.body for row in rows],
        },
    )


def to_row(event: Event[Any], traceparent: str | None = None) -> OutboxRow:
    """The row for `event`, in the trace of `traceparent` if one is given, else in its own."""
    named = event.__dict__
    # Ids and times are written as text by the encoder, which is faster than `Event.attributes` and says the same; the
    # driver's own kind of UUID it leaves to `default`.
    attributes = {name: value for name in ATTRIBUTES if (value := named[name]) is not None}
    if traceparent is not None:
        attributes["traceparent"] = traceparent
    written = orjson.dumps(attributes, default=str, option=orjson.OPT_UTC_Z).decode()
    return OutboxRow(event.tenantid, EVENTS, routing_key(event.type), written, event.data.model_dump_json())
