"""Telling again, a page at a time, each in a transaction with the place that it leads to: a stop goes on from there.

Facts of the day do not wait: no page is added while more than one waits in the outbox.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT, Cause, Event
from usher_contracts.re_emission import ENDED, TypeCount
from usher_kit.ids import new_id
from usher_kit.loops import Loop
from usher_kit.outbox import write_for
from usher_kit.re_emission.sources import NIL, Current, History, Source
from usher_kit.runtime import Runtime

PAGE = 500
"""Facts in one transaction: so many may stand before a fact of the day, some 50 ms of the relay's time."""

PAUSE_SECONDS = 0.05
EVERY_SECONDS = 1.0
LOOP = "tell again"

NEXT = text("""
    select id, queue, types_left, place, facts, told, outbox_until from re_emission
    where is_wanted and ended_at is null order by id limit 1 for update skip locked
""")
WAITING = text("select count(*) from (select from outbox limit :limit) waiting")
WAITING_FOR = text("select exists (select from outbox where queue = :queue)")
LAST_ROW = text("select coalesce(max(id), 0) from outbox")
WAITING_UNTIL = text("select exists (select from outbox where id <= :until and routing_key = :key and queue is null)")
TELL_HISTORY = text("""
    with page as (
        select tenant_id, id, routing_key, attributes, body from told
        where (tenant_id, id) > (cast(cast(:tenant as text) as uuid), cast(cast(:after as text) as uuid))
            and routing_key = :key
        order by tenant_id, id limit :limit
    ), added as (
        insert into outbox (tenant_id, exchange, routing_key, queue, attributes, body, added_at)
        select tenant_id, '', routing_key, :queue, left(attributes, -1) || :mark, body, now()
        from page order by tenant_id, id
    )
    select cast(tenant_id as text), cast(id as text), (select count(*) from page) from page
    order by tenant_id desc, id desc limit 1
""")
SAVE = text("""
    update re_emission
    set (types_left, place, facts, told, outbox_until, ended_at)
        = (:types_left, :place, :facts, cast(cast(:told as text) as jsonb), :outbox_until, :ended_at)
    where tenant_id = :tenant and id = :id
""")


@dataclass(slots=True)
class Progress:
    """How far one request has come."""

    id: UUID
    queue: str
    types_left: list[str]
    place: list[str] | None
    facts: int
    told: dict[str, int]
    outbox_until: int | None
    ended_at: datetime | None = None

    def advance(self, facts: int, place: list[str] | None) -> None:
        """So many facts more were told; without a further `place` the type is through."""
        self.facts, self.place = self.facts + facts, place
        if place is None:
            self.told[self.types_left.pop(0)] = self.facts
            self.facts = 0


def telling(sources: Sequence[Source], page: int = PAGE) -> Loop[Runtime]:
    """The worker's loop of a service that tells again from these sources, so many facts at a time."""
    by_type = {source.fact.type: source for source in sources}

    async def tell_next(runtime: Runtime) -> bool:
        """One page of what was asked for first. Answers whether there is more to do."""
        async with runtime.database.transaction_of_all([OPERATORS_TENANT]) as conn:
            row = (await conn.execute(NEXT)).one_or_none()
            if row is None:
                return False
            progress = Progress(*row)
            has_told = await Teller(conn, progress, runtime, page).go_on(by_type)
            await save(conn, progress)
        if has_told:
            runtime.database.on_facts()
        else:
            await asyncio.sleep(PAUSE_SECONDS)
        return True

    return Loop(LOOP, EVERY_SECONDS, tell_next)


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells the next page of one request, in one transaction."""

    conn: AsyncConnection
    progress: Progress
    runtime: Runtime
    page: int

    async def go_on(self, sources: Mapping[str, Source]) -> bool:
        """Tell a page, or that it was the last. Answers False where something is to be waited for first."""
        progress = self.progress
        if progress.outbox_until is None:
            progress.outbox_until = await self.conn.scalar(LAST_ROW)
        if (await self.conn.scalar(WAITING, {"limit": self.page}) or 0) >= self.page:
            return False
        if not progress.types_left:
            return await self._end()
        match sources.get(progress.types_left[0]):
            case Current() as source:
                return await self._tell_current(source)
            case History() as source:
                return await self._tell_history(source)
            case _:  # another release told it, and this one no more
                progress.types_left.pop(0)
                return True

    async def _tell_current(self, source: Current) -> bool:
        """A page of what is there now."""
        progress, at = self.progress, self.runtime.clock.now()
        facts = await source.page(self.conn, progress.place or source.start, self.page)
        await write_for(self.conn, progress.queue, [to_event(fact, at, progress.id) for fact in facts])
        progress.advance(len(facts), source.place_of(facts[-1]) if len(facts) == self.page else None)
        return True

    async def _tell_history(self, source: History) -> bool:
        """A page of what was told, as it was told.

        It begins when all is published that was in the outbox at the request: what the relay is just publishing becomes
        history later, and may have gone out before the asker heard of anything.
        """
        progress = self.progress
        waited_for = {"until": progress.outbox_until, "key": source.routing_key}
        if progress.place is None and await self.conn.scalar(WAITING_UNTIL, waited_for):
            return False
        tenant, after = progress.place or (NIL, NIL)
        asked = {"tenant": tenant, "after": after, "key": source.routing_key, "limit": self.page}
        mark = f',"reemission":"{progress.id}"}}'
        told = await self.conn.execute(TELL_HISTORY, {**asked, "queue": progress.queue, "mark": mark})
        last = told.one_or_none()
        count = last[2] if last else 0
        progress.advance(count, [last[0], last[1]] if last and count == self.page else None)
        return True

    async def _end(self) -> bool:
        """Tell that this was all, once all of it is on the queue: it comes there last."""
        progress, at = self.progress, self.runtime.clock.now()
        if await self.conn.scalar(WAITING_FOR, {"queue": progress.queue}):
            return False
        told = tuple(TypeCount(type=type_, facts=facts) for type_, facts in progress.told.items())
        fact = ENDED[self.runtime.service](tenant_id=OPERATORS_TENANT, id=progress.id, told=told)
        await write_for(self.conn, progress.queue, [to_event(fact, at, progress.id)])
        progress.ended_at = at
        return True


async def save(conn: AsyncConnection, progress: Progress) -> None:
    await conn.execute(
        SAVE,
        {
            "tenant": OPERATORS_TENANT,
            "id": progress.id,
            "types_left": progress.types_left,
            "place": progress.place,
            "facts": progress.facts,
            "told": orjson.dumps(progress.told).decode(),
            "outbox_until": progress.outbox_until,
            "ended_at": progress.ended_at,
        },
    )


def to_event(fact: Any, at: datetime, request: UUID) -> Event[Any]:
    """A fact as it is told again."""
    return Event.of(fact, id=new_id(), at=at, cause=Cause()).model_copy(update={"reemission": str(request)})
