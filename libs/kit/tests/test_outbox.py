"""The outbox: which trace each fact is told in, and of how many of them the way is recorded."""

from collections.abc import Callable

import orjson
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from sqlalchemy import text

from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_kit import outbox
from usher_kit.database import Database
from usher_kit.outbox import FOLLOWED_FACTS

from .conftest import TENANT

ACT = SpanContext(trace_id=1, span_id=2, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
OF_ACT = f"00-{1:032x}-{2:016x}-"
ELSEWHERE = f"00-{3:032x}-{4:016x}-01"


async def traces(database: Database, events: list[Event[UserChanged]]) -> list[str | None]:
    """The traces that these facts of one act are told in."""
    async with database.transaction([TENANT]) as conn:
        with trace.use_span(NonRecordingSpan(ACT)):
            await outbox.add(conn, events)
    async with database.transaction([TENANT]) as conn:
        rows = await conn.scalars(text("select attributes from outbox order by id"))
    return [orjson.loads(row).get("traceparent") for row in rows]


async def test_a_fact_joins_the_act_that_made_it_unless_something_else_led_to_it(
    database: Database, user_changed: Callable[..., Event[UserChanged]]
) -> None:
    own = [user_changed(), user_changed(traceparent=f"{OF_ACT}01"), user_changed(traceparent=ELSEWHERE)]
    assert await traces(database, own) == [f"{OF_ACT}01", f"{OF_ACT}01", ELSEWHERE]


async def test_of_many_facts_that_one_act_led_to_the_first_are_recorded(
    database: Database, user_changed: Callable[..., Event[UserChanged]]
) -> None:
    many = [user_changed(traceparent=ELSEWHERE if place % 2 else None) for place in range(4 * FOLLOWED_FACTS)]
    told = await traces(database, many)
    for led in (OF_ACT, ELSEWHERE[:-2]):
        flags = [parent.removeprefix(led) for parent in told if parent is not None and parent.startswith(led)]
        assert flags == ["01"] * FOLLOWED_FACTS + ["00"] * FOLLOWED_FACTS
