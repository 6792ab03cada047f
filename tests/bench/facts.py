"""The facts that a flow begins with: new people, in identity's outbox as an import leaves them there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from tests.bench.district import District
from tests.bench.ground import Ground

from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import HeldRole, Role, UserChanged
from usher_kit import outbox
from usher_kit.database import async_url
from usher_kit.ids import new_id

ROLES: Sequence[Role] = ("learner", "observable")
"""What each person is: one role calls for learn, the other for observe, so everybody gets two seats."""

PART = 5_000
WAITERS = text("""
    select count(*) from pg_locks where relation = 'outbox'::regclass and not granted
        and database = (select oid from pg_database where datname = current_database())
""")


@asynccontextmanager
async def behind_a_gate(
    ground: Ground, district: District, people: int, roles: Sequence[Role] = ROLES
) -> AsyncIterator[None]:
    """Facts of so many new people, written and locked away; the end of the block lets the waiting relay at them.

    So no run pays for writing its facts, for starting its processes, or for the poll of a relay that sleeps.
    """
    engine = create_async_engine(async_url(ground.databases["identity"]), poolclass=NullPool)
    try:
        async with engine.connect() as watch, engine.begin() as conn:
            await conn.execute(text("lock table outbox in exclusive mode"))
            facts = user_facts(district, people, roles)
            for start in range(0, people, PART):
                await outbox.write_rows(conn, [outbox.to_row(fact) for fact in facts[start : start + PART]])
            while not await a_relay_waits(watch):
                await asyncio.sleep(0.01)
            yield
    finally:
        await engine.dispose()


async def a_relay_waits(watch: AsyncConnection) -> bool:
    return bool(await watch.scalar(WAITERS))


def user_facts(district: District, people: int, roles: Sequence[Role] = ROLES) -> Sequence[Event[Any]]:
    """One fact a person, of each school in turn, with an import's cause."""
    at = datetime.now(UTC)
    cause = Cause(actor="client:cli", changeset=str(new_id()))
    held = tuple(HeldRole(role=role, since=at) for role in roles)
    facts = (
        UserChanged(
            tenant_id=district.id,
            id=new_id(),
            org_id=district.schools[number % len(district.schools)],
            status="active",
            status_since=at,
            roles=held,
            version=1,
        )
        for number in range(people)
    )
    return [Event.of(fact, id=new_id(), at=at, cause=cause) for fact in facts]
