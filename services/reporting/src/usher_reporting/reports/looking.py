"""How a report looks at what is known: all of one moment, which is now or a past one (decision 26)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.access import Access, units_below
from usher_kit.errors import Invalid
from usher_kit.runtime import Runtime
from usher_reporting.reports.reach import Reach, reach_of
from usher_reporting.store.timeline import load_watermarks, look_back, seal

FRESH = timedelta(seconds=1)
"""How old the moment of an answer may be where nothing has changed since."""


@dataclass(frozen=True, slots=True)
class Look:
    """A transaction in which every table says what was known at one moment, and how far the caller sees there.

    `at` is that moment; `watermark` the one up to which nothing more will be known, so that the answer stays as it is.
    """

    conn: AsyncConnection
    reach: Reach
    at: datetime
    watermark: datetime


@asynccontextmanager
async def looking(
    access: Access, runtime: Runtime, org_id: UUID | None, at: datetime | None = None
) -> AsyncIterator[Look]:
    """Look at what is known now, or was known at `at`, of an organization (of all that is the caller's without one).

    Who may see an organization is decided by what they are now; its units are those that it had at the moment. Raises
    what `reach_of` and `look` raise.
    """
    now = runtime.clock.now()
    async with access.snapshot() as conn:
        reach = await reach_of(access, conn, org_id)
        seen = await look(conn, reach, at, now)
        if seen.watermark >= (at or now - FRESH):
            yield seen
            return
    async with access.transaction() as conn:
        await seal(conn, reach.tenants, now, busy_ones=at is not None)
    async with access.snapshot() as conn:
        yield await look(conn, reach, at, now)


async def look(conn: AsyncConnection, reach: Reach, at: datetime | None, now: datetime) -> Look:
    """What the transaction sees. Of now it is all that was written by its moment, and nothing else.

    Of many tenants together, each is seen as of its own latest moment, and the answer as of the latest of these.
    Raises Invalid for a moment that has not come.
    """
    first, last = await load_watermarks(conn, reach.tenants) or (now, now)
    if at is None:
        return Look(conn, reach, last, last)
    # What was told as of a moment can be asked for again by a replica whose clock is not there yet.
    if at > max(now, last):
        raise Invalid(f"{at.isoformat()} has not come: it is {now.isoformat()} now.", pointer="/at")
    await look_back(conn, at)
    if reach.units is not None and reach.org_id is not None:
        reach = replace(reach, units=[unit for _, unit in await units_below(conn, reach.org_id)])
    return Look(conn, reach, at, first)
