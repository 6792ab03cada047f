"""Rebuilding the read models: asked for, filled by the owners' telling again, held against it, exchanged."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT, Cause, Event, Fact
from usher_contracts.re_emission import ENDED, ReEmissionEnded, ReportingReEmissionRequested
from usher_contracts.reporting import RebuildMarked
from usher_contracts.topology import Queue, rebuild_queue
from usher_kit import outbox
from usher_kit.consuming import Apply, UseCase
from usher_kit.ids import new_id
from usher_reporting.store import second_model
from usher_reporting.store.rebuilds import (
    Part,
    Rebuild,
    add_arrived,
    ask_mark,
    close,
    load_parts,
    note_exchanged,
    note_filled,
    note_told,
    see_mark,
    start,
)

LOOP = "rebuild"
"""What goes on with a rebuild, in a worker."""

WANTED, GIVEN_UP = 1, 2
"""The versions of a request."""


def queue_for(read_models: Mapping[type[Fact], UseCase]) -> Queue:
    """What a rebuild hears: facts that are told again, and those of the day beside them, and where they end."""
    return rebuild_queue("reporting", list(read_models))


async def begin(conn: AsyncConnection, rebuild: Rebuild, at: datetime) -> None:
    """Make the second model, and ask the owners to tell it everything. The queue is there already."""
    await second_model.make(conn)
    await start(conn, rebuild.id, await second_model.count(conn, "public"), at)
    await outbox.add(conn, [request(rebuild, at, WANTED)])


def request(rebuild: Rebuild, at: datetime, version: int) -> Event[ReportingReEmissionRequested]:
    """The request to tell again; in its second version that it is no longer wanted."""
    fact = ReportingReEmissionRequested(
        tenant_id=OPERATORS_TENANT,
        version=version,
        previous_version=version - 1,
        id=rebuild.id,
        queue=queue_for({}).name,
        types=tuple(second_model.ROWS),
        wanted=version == WANTED,
    )
    return Event.of(fact, id=new_id(), at=at, cause=Cause(actor=rebuild.asked_by))


def filling(read_models: Mapping[type[Fact], UseCase]) -> Apply:
    """What is done with a rebuild's facts: the very same as with those of the day, and counted. Marks come last."""
    return {
        **{fact: counting(use_case) for fact, use_case in read_models.items()},
        **dict.fromkeys(ENDED.values(), note_ended),
        RebuildMarked: note_marks,
    }


def counting(use_case: UseCase) -> UseCase:
    """The use case, with a count of what was told again."""

    async def apply(conn: AsyncConnection, events: Sequence[Event[Any]], at: datetime) -> int:
        news = await use_case(conn, events, at)
        told_again = [event for event in events if event.reemission]
        for rebuild_id in {event.reemission for event in told_again if event.reemission}:
            facts = sum(event.reemission == rebuild_id for event in told_again)
            await add_arrived(conn, rebuild_id, told_again[0].type, facts)
        return news if isinstance(news, int) else len(news)

    return apply


async def note_ended(conn: AsyncConnection, events: Sequence[Event[ReEmissionEnded]], at: datetime) -> int:
    """Note which owners have told everything, and how much that was."""
    for event in events:
        told = {one.type: one.facts for one in event.data.told}
        await note_told(conn, event.data.id, event.type.split(".")[1], told, at)
    return len(events)


async def note_marks(
    conn: AsyncConnection,
    events: Sequence[Event[RebuildMarked]],
    at: datetime,  # noqa: ARG001 (a use case)
) -> int:
    """Note how far the queue is applied."""
    for event in events:
        await see_mark(conn, event.data.id, event.data.number)
    return len(events)


async def mark(conn: AsyncConnection, rebuild: Rebuild, at: datetime) -> int:
    """Put a mark behind all that is in the queue. Answers its number."""
    number = await ask_mark(conn, rebuild.id)
    fact = RebuildMarked(tenant_id=OPERATORS_TENANT, id=rebuild.id, number=number)
    await outbox.write_for(conn, queue_for({}).name, [Event.of(fact, id=new_id(), at=at, cause=Cause())])
    return number


async def judge(conn: AsyncConnection, rebuild: Rebuild, tenants: int) -> bool:
    """Once all owners have told everything: go on to the exchange, or fail where not all of it came.

    Answers whether all have.
    """
    parts = await load_parts(conn, [rebuild.id])
    if any(part.ended_at is None for part in parts):
        return False
    await second_model.analyze(conn)
    rows = await second_model.count(conn, second_model.SCHEMA)
    if lacking := [lack for part in parts if (lack := lacks(part, rows[part.type]))]:
        await close(conn, rebuild.id, "failed", f"{'; '.join(lacking)}. Nothing was exchanged; start another rebuild.")
    else:
        await note_filled(conn, rebuild.id, tenants)
    return True


def lacks(part: Part, rows: int) -> str | None:
    """What did not come of one type; none where everything did."""
    owner = part.type.split(".")[1]
    if part.told is None:
        return f"{owner} does not tell {part.type} again: it may be of an older release"
    if rows < part.told:
        return f"{owner} told {part.told} of {part.type}, and {rows} came: look for them among reporting's dead letters"
    return None


async def exchange(conn: AsyncConnection, rebuild: Rebuild, tenant_id: UUID, moment: datetime) -> int:
    """Show a tenant by what was rebuilt. Answers how many rows were not as they ought to be.

    Needs the tenant's lock at this moment, and a second model that has applied all that the live one has.
    """
    corrected = await second_model.exchange(conn, tenant_id, moment)
    await note_exchanged(conn, rebuild.id, tenant_id, corrected)
    return corrected


async def give_up(conn: AsyncConnection, rebuild: Rebuild, at: datetime) -> bool:
    """Cancel a rebuild, and tell the owners. Tenants that were exchanged stay so. Answers False where it is ending."""
    if not await close(conn, rebuild.id, "cancelled"):
        return False
    if rebuild.started_at is not None:
        await outbox.add(conn, [request(rebuild, at, GIVEN_UP)])
    return True
