"""The relay: claims facts, publishes with confirms, and only then removes or keeps them (messages: Reliability)."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import aio_pika
import orjson
import structlog
from aio_pika.abc import AbstractExchange, AbstractRobustChannel, AbstractRobustConnection
from opentelemetry.trace import Span, SpanKind
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.topology import EVENTS, OUTCOMES
from usher_kit.database import Database
from usher_kit.outbox import OutboxRow
from usher_kit.telemetry import names
from usher_kit.telemetry.propagation import context_of, traceparent_of
from usher_kit.telemetry.tracing import TRACER
from usher_kit.wire import cut, encode_batch, encode_one

CLAIM_FACTS = 4_000
"""Facts claimed at once; several relays may run, each with its own claim."""

POLL_SECONDS = 1.0
"""The safety net: how long a fact waits at most that a process committed and then died before it woke its relay."""

CONFIRM_SECONDS = 30.0
RETRY_SECONDS = 1.0

CLAIM = text("""
    select id, tenant_id, exchange, routing_key, attributes, body, queue from outbox order by id limit :limit
    for update skip locked
""")
REMOVE = text("delete from outbox where id = any(cast(:ids as bigint[]))")
# What is published again, having been published before, was told once: the message's id says so. Texts are searched and
# not parsed: each fact passes here, few have anything that is left out, and the first `id` is the message's.
KEEP = text("""
    with removed as (
        delete from outbox where id = any(cast(:ids as bigint[]))
        returning tenant_id, exchange, routing_key, attributes, body
    )
    insert into told (tenant_id, id, routing_key, attributes, body)
    select tenant_id, cast(substr(attributes, strpos(attributes, '"id":"') + 6, 36) as uuid), routing_key, attributes,
        case when strpos(body, nothing) > 0 then body
            else cast(cast(body as jsonb) #- cast(unkept as text[]) as text) end
    from removed
    join unnest(cast(:keys as text[]), cast(:unkept as text[]), cast(:nothing as text[]))
        as kept (key, unkept, nothing) on routing_key = key
    where exchange = :events
    on conflict do nothing
""")
COUNT_ATTEMPT = text("update outbox set attempts = least(attempts + 1, 30000) where id = any(cast(:ids as bigint[]))")

RECORDED = re.compile('"traceparent":"[^"]*[13579bdf]"')
"""A sampled trace among a row's attributes, which are written without spaces."""

log = structlog.get_logger()


class Relay:
    """Publishes one service's outbox.

    `kept` are the routing keys whose history is kept, each with the JSON path of what is left out of it, and the text
    that a fact has where there is nothing of it.
    """

    def __init__(
        self,
        database: Database,
        connection: AbstractRobustConnection,
        service: str,
        kept: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        self._database = database
        self._connection = connection
        self._service = service
        self._kept = kept or {}
        self._wake = asyncio.Event()
        self._exchanges: dict[str, AbstractExchange] = {}
        self._channel: AbstractRobustChannel | None = None

    def wake(self) -> None:
        """Facts were committed: publish now."""
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled; a failure is waited out, and nothing is removed that was not confirmed."""
        while True:
            try:
                if await self.publish_once() < CLAIM_FACTS:
                    await self._wait()
            except Exception as error:  # noqa: BLE001 (whatever failed, the facts are still there)
                names.PUBLISH_FAILURES.labels(self._service).inc()
                log.warning("relay.failed", error=repr(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def publish_once(self) -> int:
        """Claim, publish, remove. Returns how many facts were claimed."""
        async with self._database.relay_transaction() as conn:
            claimed = (await conn.execute(CLAIM, {"limit": CLAIM_FACTS})).all()
            if not claimed:
                return 0
            groups: dict[tuple[str, str, str | None], list[tuple[int, OutboxRow]]] = defaultdict(list)
            for number, *columns in claimed:
                row = OutboxRow._make(columns)
                groups[row.exchange, row.routing_key, row.queue].append((number, row))
            unconfirmed = await self._publish_groups(list(groups.values()))
            await self._remove(conn, [number for number, *_ in claimed if number not in unconfirmed], groups)
            if unconfirmed:
                await conn.execute(COUNT_ATTEMPT, {"ids": list(unconfirmed)})
        if unconfirmed:
            await asyncio.sleep(RETRY_SECONDS)
        return len(claimed)

    async def _remove(self, conn: AsyncConnection, ids: Sequence[int], groups: Iterable[tuple[str, str, Any]]) -> None:
        """Remove what is published; of the types whose history is kept, each fact becomes a line of it."""
        kept = {key: self._kept[key] for _, key, _ in groups if key in self._kept}
        if not kept:
            await conn.execute(REMOVE, {"ids": ids})
            return
        unkept, nothing = zip(*kept.values(), strict=True)
        which = {"keys": list(kept), "unkept": list(unkept), "nothing": list(nothing)}
        await conn.execute(KEEP, {"ids": ids, "events": EVENTS, **which})

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _publish_groups(self, groups: Sequence[list[tuple[int, OutboxRow]]]) -> set[int]:
        """Publish every message at once. Returns the ids of rows that the broker did not take."""
        messages: list[tuple[list[int], Sequence[OutboxRow]]] = []
        for group in groups:
            numbers = [number for number, _ in group]
            start = 0
            # A dead letter stays a message of its own, so that each can be looked at and sent again alone.
            rows: Sequence[OutboxRow] = [row for _, row in group]
            parts = cut(rows) if rows[0].exchange == EVENTS or rows[0].queue else ([row] for row in rows)
            for part in parts:
                messages.append((numbers[start : start + len(part)], part))
                start += len(part)
        outcomes = await asyncio.gather(*(self._publish(rows) for _, rows in messages), return_exceptions=True)
        unconfirmed: set[int] = set()
        for (numbers, rows), outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                unconfirmed.update(numbers)
                names.PUBLISH_FAILURES.labels(self._service).inc()
                log.warning("relay.unconfirmed", key=rows[0].routing_key, facts=len(rows), error=repr(outcome))
            else:
                names.MESSAGES_PUBLISHED.labels(self._service).inc()
                names.FACTS_PUBLISHED.labels(self._service).inc(len(rows))
        return unconfirmed

    async def _publish(self, rows: Sequence[OutboxRow]) -> None:
        """One message, until the broker has confirmed it; one that no queue takes is an error.

        Only where who asked has given up its queue is an outcome for nobody, or a fact that is told again.
        """
        exchange = await self._exchange(rows[0].exchange)
        followed = [follow(row, len(rows)) for row in rows]
        sent = [row for row, _ in followed]
        message = encode_one(sent[0]) if len(sent) == 1 else encode_batch(sent)
        try:
            await exchange.publish(
                aio_pika.Message(
                    message.body,
                    content_type=message.content_type,
                    headers=dict(message.headers),
                    delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                    timestamp=datetime.now(UTC),
                ),
                routing_key=rows[0].queue or message.routing_key,
                mandatory=rows[0].exchange != OUTCOMES and rows[0].queue is None,
                timeout=CONFIRM_SECONDS,
            )
        finally:
            for _, span in followed:
                if span is not None:
                    span.end()

    async def _exchange(self, name: str) -> AbstractExchange:
        if self._channel is None or self._channel.is_closed:
            self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            self._exchanges.clear()
        if name not in self._exchanges:
            assert self._channel is not None  # noqa: S101
            self._exchanges[name] = (
                await self._channel.get_exchange(name, ensure=False) if name else self._channel.default_exchange
            )
        return self._exchanges[name]


def follow(row: OutboxRow, count: int) -> tuple[OutboxRow, Span | None]:
    """The row of a recorded trace with the span of its publication, from which those who apply the fact go on."""
    # A look before the reading: of a thousand facts, a few are recorded. What is told again is none of its old trace.
    if row.queue or not RECORDED.search(row.attributes):
        return row, None
    attributes: dict[str, str] = orjson.loads(row.attributes)
    traceparent = attributes.get("traceparent")
    span = TRACER.start_span(
        f"{names.SPAN_PUBLISH} {row.routing_key}",
        context=context_of(traceparent),
        kind=SpanKind.PRODUCER,
        attributes={
            names.MESSAGING_SYSTEM: "rabbitmq",
            names.MESSAGING_OPERATION: "send",
            names.MESSAGING_OPERATION_NAME: "publish",
            names.MESSAGING_BATCH_COUNT: count,
            names.MESSAGING_DESTINATION: f"{row.exchange}:{row.routing_key}",
            names.MESSAGING_ROUTING_KEY: row.routing_key,
            names.MESSAGING_MESSAGE_ID: attributes.get("id", ""),
            names.FACT_SUBJECT: attributes.get("subject", ""),
        },
    )
    attributes["traceparent"] = traceparent_of(span) or traceparent or ""
    return row._replace(attributes=orjson.dumps(attributes).decode()), span
