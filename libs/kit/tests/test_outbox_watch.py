"""The outbox as metrics: how much waits to be published, and for how long."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from prometheus_client import REGISTRY
from sqlalchemy import text

from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_kit import outbox
from usher_kit.database import Database
from usher_kit.outbox_watch import measure_outbox

from .conftest import SERVICE, TENANT


def shown(metric: str) -> float:
    value = REGISTRY.get_sample_value(metric, {"service": SERVICE})
    assert value is not None
    return value


async def test_what_waits_is_counted_and_its_age_told(
    database: Database, user_changed: Callable[..., Event[UserChanged]]
) -> None:
    runtime: Any = SimpleNamespace(database=database, service=SERVICE)
    assert await measure_outbox(runtime) is False
    assert (shown("usher_outbox_rows"), shown("usher_outbox_oldest_seconds")) == (0, 0)
    async with database.transaction([TENANT]) as conn:
        await outbox.add(conn, [user_changed() for _ in range(3)])
    async with database.transaction([TENANT]) as conn:
        await conn.execute(text("update outbox set added_at = added_at - interval '1 minute'"))
    await measure_outbox(runtime)
    assert shown("usher_outbox_rows") == 3
    assert 60 <= shown("usher_outbox_oldest_seconds") < 120
    assert shown("usher_outbox_dead_rows") >= 0
