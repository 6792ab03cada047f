"""The order in which a batch's facts reach their use cases, and what is waited out."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from usher_contracts.audit import IdentityAuditRecorded, UsageAuditRecorded
from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import UserChanged
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier, Apply, is_retryable
from usher_kit.database import Contended, Database
from usher_kit.directory import apply_people
from usher_kit.ids import new_id

from .conftest import DAY, SERVICE, TENANT


def act(fact: type[IdentityAuditRecorded] | type[UsageAuditRecorded]) -> Event[Any]:
    return Event.of(
        fact(tenant_id=TENANT, id=new_id(), at=DAY, act="seat.keep", target="s-1"), id=new_id(), at=DAY, cause=Cause()
    )


async def test_types_that_share_a_use_case_reach_it_together_as_they_came(
    database: Database, user_changed: Callable[..., Event[UserChanged]]
) -> None:
    heard: list[tuple[str, list[Event[Any]]]] = []

    async def people(_conn: AsyncConnection, events: Sequence[Event[Any]], _at: datetime) -> int:
        heard.append(("people", list(events)))
        return len(events)

    async def acts(_conn: AsyncConnection, events: Sequence[Event[Any]], _at: datetime) -> int:
        heard.append(("acts", list(events)))
        return len(events)

    one, two, three = act(UsageAuditRecorded), act(IdentityAuditRecorded), act(UsageAuditRecorded)
    person = user_changed()
    apply: Apply = {UserChanged: people, IdentityAuditRecorded: acts, UsageAuditRecorded: acts}
    await Applier(SERVICE, apply, database, FixedClock(DAY)).run([one, two, person, three], [])
    assert heard == [("people", [person]), ("acts", [one, two, three])]


def counted(metric: str) -> float:
    return REGISTRY.get_sample_value(metric, {"service": SERVICE}) or 0


async def test_news_is_counted_apart_from_what_was_known(
    database: Database, user_changed: Callable[..., Event[UserChanged]]
) -> None:
    tries = iter([True, False, False])

    async def people(conn: AsyncConnection, events: Sequence[Event[Any]], at: datetime) -> int:
        news = await apply_people(conn, events, at)
        if next(tries):
            raise Contended("what is rolled back is counted once, when it is done")
        return len(news)

    async def acts(_conn: AsyncConnection, events: Sequence[Event[Any]], _at: datetime) -> Sequence[Event[Any]]:
        return events

    applier = Applier(SERVICE, {UserChanged: people, UsageAuditRecorded: acts}, database, FixedClock(DAY))
    one, two = user_changed(version=1), user_changed(version=5)
    older = user_changed(two.data.id, version=4)
    applied, ignored = counted("usher_facts_applied_total"), counted("usher_facts_ignored_total")
    await applier.run([one, two, older, act(UsageAuditRecorded)], [])
    assert (counted("usher_facts_applied_total") - applied, counted("usher_facts_ignored_total") - ignored) == (3, 1)
    await applier.run([one, two], [])
    assert (counted("usher_facts_applied_total") - applied, counted("usher_facts_ignored_total") - ignored) == (3, 3)


async def test_a_connection_waited_for_in_vain_is_waited_for_again(database: Database) -> None:
    """Requests may hold every connection for a while: that is no fault of a batch's facts."""
    busy = Database(create_async_engine(database.engine.url, pool_size=1, max_overflow=0, pool_timeout=0.01))
    async with busy.engine.connect():
        with pytest.raises(SQLAlchemyError) as refused:
            await busy.ping()
    await busy.close()
    assert is_retryable(refused.value)
