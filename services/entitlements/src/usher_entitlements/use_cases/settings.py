"""Settings that entitlements decides by: when the end of a license is told of."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.store.configurations import lock_for_change
from usher_entitlements.store.settings import save_notice_days
from usher_entitlements.use_cases.pass_time import catch_up


async def set_notice_days(
    conn: AsyncConnection,
    tenant_id: UUID,
    org_id: UUID,
    product: str,
    days: Sequence[int] | None,
    at: datetime,
    cause: Cause,
) -> None:
    """Set the days before a term's end at which it is told of; what is due by them is told at once."""
    configurations = await lock_for_change(conn, [tenant_id])
    await save_notice_days(conn, tenant_id, org_id, product, days)
    await catch_up(conn, configurations, at, cause)
