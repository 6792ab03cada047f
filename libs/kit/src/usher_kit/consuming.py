"""Applying facts: a batch in one transaction, and what becomes of those that fail (messages: Reliability)."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence, Sized
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, perf_counter
from typing import Any, TypeAlias
from uuid import UUID

import orjson
import structlog
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT, trace_id_of
from usher_contracts.topology import dead_queue, inlet
from usher_kit import outbox
from usher_kit.clock import Clock
from usher_kit.database import Contended, Database
from usher_kit.outbox import OutboxRow
from usher_kit.telemetry import names
from usher_kit.telemetry.propagation import context_of, is_sampled, link_to, traceparent_of
from usher_kit.telemetry.tracing import TRACER, span
from usher_kit.wire import Read, Refused, decode

UseCase: TypeAlias = Callable[[AsyncConnection, Sequence[Any], datetime], Awaitable[int | Sized]]
"""Applies facts or commands, in their envelopes. Answers which of them, or how many, were news: the others were known
already, or older."""

Apply: TypeAlias = Mapping[type[Any], UseCase]
"""A service's use cases, in the order in which a batch takes them; types that share one reach it together."""

Transaction: TypeAlias = Callable[[Database, Sequence[UUID]], AbstractAsyncContextManager[AsyncConnection]]

TRIES_ALONE = 3
"""How often a fact that fails for an unknown reason is tried by itself before it is dead."""

LONGEST_WAIT_SECONDS = 15.0
PATIENCE_SECONDS = 60.0
"""How long a batch is held while a server is away: far below the half hour after which a broker gives up."""

LINKED_FACTS = 100
RETRYABLE_STATES = ("08", "40001", "40P01", "53", "55P03", "57P0")
"""SQLSTATEs (or their classes) of a server that is away, starting, out of resources, or that refused a conflict."""

log = structlog.get_logger()


class InvalidFact(Exception):
    """Raised by a use case for a fact that can never apply: it alone goes to the dead letters."""

    def __init__(self, event: Any, reason: str) -> None:
        super().__init__(reason)
        self.event = event
        self.reason = reason


class Outage(Exception):
    """A server has been away for longer than a batch is held."""


def is_retryable(error: BaseException) -> bool:
    """Whether waiting helps: the database or the network is away, or two transactions were in each other's way."""
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        return (
            error.connection_invalidated
            or state.startswith(RETRYABLE_STATES)
            or (not state and isinstance(error, OperationalError | InterfaceError))
        )
    return isinstance(error, Contended | NoConnectionFree | OSError)


@dataclass(frozen=True, slots=True)
class Applier:
    """Applies events by a service's table of use cases."""

    service: str
    apply: Apply
    database: Database
    clock: Clock
    patience: float = PATIENCE_SECONDS
    read: Read = decode
    transaction: Transaction = Database.transaction
    """How a batch's transaction is opened for its tenants."""

    async def answers(self) -> bool:
        """Whether the database does its work again."""
        try:
            await self.database.ping()
        except Exception as error:  # noqa: BLE001 (whatever it says, it does not answer)
            log.info("database.away", service=self.service, error=repr(error))
            return False
        return True

    async def run(self, events: Sequence[Any], refused: Sequence[Refused]) -> None:
        """Apply all that can be; write down the rest as dead letters. Returns when every fact is one or the other.

        Raises Outage when the database stays away; what was not applied by then is for the caller to give back.
        """
        waited = 0
        started = monotonic()
        while True:
            try:
                await self._in_one_transaction(events, refused)
            except InvalidFact as invalid:
                events = [event for event in events if event is not invalid.event]
                refused = [*refused, refused_event(invalid.event, "invalid", invalid.reason)]
            except Exception as error:
                if is_retryable(error):
                    if monotonic() - started > self.patience:
                        raise Outage(repr(error)) from error
                    waited += 1
                    await self._wait_out(error, waited)
                else:
                    log.warning("batch.split", service=self.service, facts=len(events), error=repr(error))
                    await self._split(events, refused, error)
                    return
            else:
                return

    async def _split(self, events: Sequence[Any], refused: Sequence[Refused], error: Exception) -> None:
        """Halve until the culprit is alone; try it a few times; then it is dead."""
        if len(events) > 1:
            middle = len(events) // 2
            await self.run(events[:middle], refused)
            await self.run(events[middle:], [])
            return
        for _ in range(TRIES_ALONE - 1):
            try:
                await self._in_one_transaction(events, refused)
            except Exception as again:  # noqa: BLE001
                error = again
            else:
                return
        dead = [refused_event(event, "unclassified", repr(error)) for event in events]
        await self.run([], [*refused, *dead])

    async def _wait_out(self, error: Exception, waited: int) -> None:
        names.RETRIES.labels(self.service, type(error).__name__).inc()
        longest = min(LONGEST_WAIT_SECONDS, 0.05 * 2**waited)
        log.info("batch.waits", service=self.service, seconds=longest, error=repr(error))
        await asyncio.sleep(random.uniform(longest / 2, longest))  # noqa: S311 (jitter, no secret)

    async def _in_one_transaction(self, events: Sequence[Any], refused: Sequence[Refused]) -> None:
        """Persist, then commit. The caller acknowledges after it returns: a crash before repeats, none loses."""
        started = perf_counter()
        dead = [to_dead_row(one, self.service) for one in refused]
        tenants = {event.tenantid for event in events} | {row.tenant_id for row in dead}
        recorded = [event.traceparent for event in events if is_followed(event)]
        links = [link for traceparent in recorded[:LINKED_FACTS] for link in link_to(traceparent)]
        with (
            ExitStack() as followed,
            span(
                names.SPAN_APPLY_BATCH,
                kind=SpanKind.CONSUMER,
                context=context_of(None),
                links=links,
                attributes={**of_queue(self.service), names.MESSAGING_BATCH_COUNT: len(events)},
            ),
        ):
            traced = [self._follow(event, followed) for event in events]
            async with self.transaction(self.database, sorted(tenants)) as conn:
                news = await self._use(conn, traced)
                await outbox.add_rows(conn, dead)
        names.BATCH_FACTS.labels(self.service).observe(len(events))
        names.BATCH_SECONDS.labels(self.service).observe(perf_counter() - started)
        names.FACTS_APPLIED.labels(self.service).inc(news)
        names.FACTS_IGNORED.labels(self.service).inc(len(events) - news)
        for one in refused:
            self._tell_dead(one)

    async def _use(self, conn: AsyncConnection, events: Sequence[Any]) -> int:
        """Give each use case its own facts. Answers how many were news."""
        by_use_case: dict[UseCase | None, list[Any]] = defaultdict(list)
        for event in events:
            by_use_case[self.apply.get(type(event.data))].append(event)
        news = 0
        for use_case in dict.fromkeys(self.apply.values()):
            if its_own := by_use_case.get(use_case):
                told = await use_case(conn, its_own, self.clock.now())
                news += told if isinstance(told, int) else len(told)
        return news

    def _tell_dead(self, one: Refused) -> None:
        """Count and log a dead letter, in the trace of the fact itself."""
        names.FACTS_DEAD.labels(self.service, one.reason).inc()
        log.warning(
            "fact.dead",
            service=self.service,
            reason=one.reason,
            detail=one.detail,
            key=one.routing_key,
            message_id=one.attributes.get("id"),
            trace_id=trace_id_of(one.attributes.get("traceparent")),
        )

    def _follow(self, event: Any, followed: ExitStack) -> Any:
        """Give a recorded fact a span of its own in its own trace, which what it causes then continues."""
        if not is_followed(event):
            return event
        own = TRACER.start_span(
            f"{names.SPAN_APPLY_FACT} {event.type.removeprefix('usher.')}",
            context=context_of(event.traceparent, event.tracestate),
            kind=SpanKind.CONSUMER,
            attributes={
                **of_queue(self.service),
                names.MESSAGING_MESSAGE_ID: event.id,
                names.FACT_TYPE: event.type,
                names.FACT_SUBJECT: event.subject,
                names.FACT_VERSION: getattr(event.data, "version", 0),
                names.TENANT: str(event.tenantid),
            },
        )
        followed.callback(own.end)
        return event.model_copy(update={"traceparent": traceparent_of(own)})


def is_followed(event: Any) -> bool:
    """Whether the trace of an event is recorded, and goes on here: what is told again is no part of its old trace."""
    return is_sampled(event.traceparent) and event.reemission is None


async def set_aside(conn: AsyncConnection, service: str, events: Sequence[Any], reason: str, detail: str) -> None:
    """Write what can never apply as dead letters, in the transaction of the batch that it came in."""
    names.FACTS_DEAD.labels(service, reason).inc(len(events))
    await outbox.add_rows(conn, [to_dead_row(refused_event(one, reason, detail), service) for one in events])


def of_queue(service: str) -> dict[str, AttributeValue]:
    """What OpenTelemetry's conventions for messaging say of every span that applies a service's facts."""
    return {
        names.MESSAGING_SYSTEM: "rabbitmq",
        names.MESSAGING_OPERATION: "process",
        names.MESSAGING_OPERATION_NAME: "apply",
        names.MESSAGING_DESTINATION: inlet(service),
    }


def refused_event(event: Any, reason: str, detail: str) -> Refused:
    """A decoded event as a refusal."""
    return Refused(
        reason,
        detail,
        event.attributes(),
        event.body(),
        event.key,
        event.tenantid,
    )


def to_dead_row(refused: Refused, service: str) -> OutboxRow:
    """A refusal as an outbox row addressed to the service's dead letters, with all that is needed to send it again."""
    headers = {
        **refused.attributes,
        "deadreason": refused.reason,
        "deaddetail": refused.detail[:500],
        "deadkey": refused.routing_key,
        "datacontenttype": "application/json",
    }
    return OutboxRow(
        refused.tenant_id or OPERATORS_TENANT,
        "",
        dead_queue(service).name,
        orjson.dumps(headers).decode(),
        refused.body.decode(errors="replace").replace("\x00", "\ufffd"),
    )
