"""Goes on with a rebuild, step by step, in whichever worker is there: each step is a transaction, and can be repeated.

Facts of the day go on to the live model all the while. They come to the rebuild's queue too, from before the owners
were asked: nothing can fall between the two.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from uuid import UUID

import structlog
from aio_pika.abc import AbstractRobustConnection
from aio_pika.exceptions import ChannelNotFoundEntity
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.broker import Consumer
from usher_kit.consuming import Applier
from usher_kit.database import Database
from usher_kit.loops import Loop
from usher_kit.runtime import Runtime
from usher_kit.service import WORKER_ROLES
from usher_kit.topology import declare_queue, remove_queue
from usher_reporting.consumers import READ_MODELS
from usher_reporting.store import second_model
from usher_reporting.store.rebuilds import (
    Rebuild,
    close,
    find_open,
    finish,
    last_mark_seen,
    lock_rebuild,
    next_tenant,
    take_turn,
    turn_to_second,
)
from usher_reporting.store.timeline import lock_tenants
from usher_reporting.use_cases.rebuilds import LOOP, begin, exchange, filling, judge, mark, queue_for

EVERY_SECONDS = 1.0
PAUSE_SECONDS = 0.1
"""How often a rebuild that is going on is looked at."""

MARK_SECONDS = 5.0
"""How long a tenant's facts of the day wait at most for the second model to catch up; then it is tried again."""

GONE = "The queue of the rebuild is no longer on the broker, and what it held is lost. Start another rebuild."

log = structlog.get_logger()


@asynccontextmanager
async def beside_the_server(runtime: Runtime, app: FastAPI) -> AsyncIterator[None]:
    """In a worker, look for a rebuild to go on with."""
    if app.state.role not in WORKER_ROLES:
        yield
        return
    rebuilding = Rebuilding(runtime, app.state.broker)
    runtime.loops.start(Loop(LOOP, EVERY_SECONDS, rebuilding.go_on), runtime)
    try:
        yield
    finally:
        await rebuilding.stop()


@asynccontextmanager
async def beside_the_live_model(database: Database, tenants: Sequence[UUID]) -> AsyncIterator[AsyncConnection]:
    """A batch's transaction on the second model."""
    async with database.transaction({*tenants, OPERATORS_TENANT}) as conn:
        await turn_to_second(conn)
        yield conn


class Rebuilding:
    """One worker's part in rebuilds: it consumes the queue as long as there is one, and takes steps when it can."""

    def __init__(self, runtime: Runtime, connection: AbstractRobustConnection) -> None:
        self.runtime = runtime
        self._connection = connection
        self._consumer: Consumer | None = None
        self._is_over = False
        self._steps = {
            "waiting": self._begin,
            "filling": self._judge,
            "exchanging": self._exchange,
            "closing": self._close,
        }

    async def go_on(self, runtime: Runtime) -> bool:
        """One step of the rebuild that is going on. Answers whether there is one."""
        async with runtime.database.transaction([OPERATORS_TENANT]) as conn:
            rebuild = await find_open(conn)
        if self._is_over:
            return False
        await self._consume(rebuild)
        if rebuild is None:
            return False
        if not await self._steps[rebuild.state](rebuild):
            await asyncio.sleep(PAUSE_SECONDS)
        return True

    async def stop(self) -> None:
        """Stop consuming; another worker goes on, or this one after its next start."""
        self._is_over = True
        await self._consume(None)

    async def _consume(self, rebuild: Rebuild | None) -> None:
        """Consume the queue while there is one."""
        if rebuild is None or rebuild.state not in ("filling", "exchanging"):
            if self._consumer is not None:
                await self._consumer.stop()
                self._consumer = None
        elif self._consumer is None:
            settings = self.runtime.settings
            applier = Applier(
                "reporting",
                filling(READ_MODELS),
                self.runtime.database,
                self.runtime.clock,
                transaction=beside_the_live_model,
            )
            consumer = Consumer(
                settings.rabbitmq_url,
                applier,
                prefetch=settings.prefetch,
                max_facts=settings.batch_facts,
                queue=queue_for(READ_MODELS).name,
            )
            try:
                await consumer.start()
            except ChannelNotFoundEntity:
                await consumer.stop()
                await self._fail(rebuild, GONE)
            else:
                self._consumer = consumer

    async def _begin(self, rebuild: Rebuild) -> bool:
        """The queue first, so that no fact is told between the request and its begin."""
        await declare_queue(self._connection, queue_for(READ_MODELS))
        async with self._turn(rebuild) as conn:
            if conn is not None:
                await begin(conn, rebuild, self.runtime.clock.now())
        return conn is not None

    async def _judge(self, rebuild: Rebuild) -> bool:
        tenants = len(await self.runtime.database.all_tenants())
        async with self._turn(rebuild) as conn:
            return conn is not None and await judge(conn, rebuild, tenants)

    async def _exchange(self, rebuild: Rebuild) -> bool:
        """The next tenant, under its lock in the live model. Facts of the day wait until the second has caught up.

        All that the live model has applied stands in the queue before a mark that is put there now.
        """
        database = self.runtime.database
        async with database.transaction([OPERATORS_TENANT]) as conn:
            tenant_id = await next_tenant(conn, rebuild.exchanged_until)
            if tenant_id is None:
                return await close(conn, rebuild.id, "done")
        async with database.transaction({tenant_id, OPERATORS_TENANT}) as conn:
            if not await take_turn(conn):
                return False
            moment = await lock_tenants(conn, self.runtime.clock.now(), [tenant_id])
            if not await self._has_caught_up(conn, rebuild):
                return False
            corrected = await exchange(conn, rebuild, tenant_id, moment)
        log.info("rebuild.exchanged", tenant=str(tenant_id), corrected=corrected)
        return True

    async def _has_caught_up(self, conn: AsyncConnection, rebuild: Rebuild) -> bool:
        """Whether all is applied that is in the queue now."""
        async with self.runtime.database.transaction([OPERATORS_TENANT]) as own:
            number = await mark(own, rebuild, self.runtime.clock.now())
        self.runtime.database.on_facts()
        until = monotonic() + MARK_SECONDS
        while await last_mark_seen(conn, rebuild.id) < number:
            if monotonic() > until:
                return False
            await asyncio.sleep(0.005)
        return True

    async def _close(self, rebuild: Rebuild) -> bool:
        """Remove the queue and the second model; of what waits in it, the live model has had everything."""
        async with self._turn(rebuild) as conn:
            if conn is None:
                return False
            await second_model.drop(conn)
            await remove_queue(self._connection, queue_for(READ_MODELS).name)
            await finish(conn, rebuild.id, self.runtime.clock.now())
        log.info("rebuild.finished", outcome=rebuild.outcome, error=rebuild.error)
        return True

    async def _fail(self, rebuild: Rebuild, why: str) -> None:
        async with self.runtime.database.transaction([OPERATORS_TENANT]) as conn:
            await close(conn, rebuild.id, "failed", why)

    @asynccontextmanager
    async def _turn(self, rebuild: Rebuild) -> AsyncIterator[AsyncConnection | None]:
        """A transaction over all tenants with the rebuild locked; None where another process has taken the step."""
        async with self.runtime.database.transaction_of_all([OPERATORS_TENANT]) as conn:
            now = await lock_rebuild(conn, rebuild.id) if await take_turn(conn) else None
            yield conn if now is not None and now.state == rebuild.state else None
