"""What usage tells again: how seats are used and how many came, each as it was told last."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.usage import ActivesChanged, SeatActivityChanged
from usher_kit.re_emission.sources import NIL, Current, Source
from usher_usage.store.rollups import page_of_actives
from usher_usage.store.seats import page_of_activity
from usher_usage.use_cases.rollups import actives_changed

BEFORE_ALL_DAYS = "0001-01-01"


async def tell_activity(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[SeatActivityChanged]:
    rows = await page_of_activity(conn, after, limit)
    return [SeatActivityChanged.model_validate(row._asdict()) for row in rows]


async def tell_actives(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[ActivesChanged]:
    return [actives_changed(row, row.version) for row in await page_of_actives(conn, after, limit)]


SOURCES: Sequence[Source] = (
    Current(SeatActivityChanged, tell_activity, ("tenant_id", "user_id", "product"), (NIL, NIL, "")),
    Current(
        ActivesChanged,
        tell_actives,
        ("tenant_id", "org_id", "period", "starts_on"),
        (NIL, NIL, "", BEFORE_ALL_DAYS),
    ),
)
