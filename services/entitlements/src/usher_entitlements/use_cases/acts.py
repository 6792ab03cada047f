"""What Usher does by itself and writes down: terms that time moves, and people decided about anew."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import SYSTEM_ACTOR, Cause
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Seat
from usher_entitlements.domain.terms import LicenseTerm
from usher_kit import audit


async def write_down(conn: AsyncConnection, acts: Sequence[audit.Act], at: datetime, cause: Cause) -> None:
    """Write down what the system did, whoever led to it."""
    own = cause.model_copy(update={"actor": SYSTEM_ACTOR})
    await audit.record(conn, "entitlements", acts, at=at, cause=own)


def passages(before: Sequence[LicenseTerm], after: Sequence[LicenseTerm], moment: datetime) -> list[audit.Act]:
    """The terms that `moment` has moved from one state to another."""
    return [
        audit.Act(
            "license_term.pass",
            str(now.id),
            now.tenant_id,
            now.org_id,
            before={"state": was.state.value, "version": was.version},
            after={"state": now.state.value, "version": now.version, "since": moment.isoformat()},
        )
        for was, now in zip(before, after, strict=True)
        if was is not now
    ]


def reclaims(pools: Mapping[UUID, Pool], taken: Sequence[Seat]) -> list[audit.Act]:
    """Seats reclaimed for inactivity: how many of each pool."""
    return [
        audit.Act(
            "pool.reclaim", str(key), pools[key].tenant_id, pools[key].org_id,
            after={"people": people, "product": pools[key].product},
        )
        for key, people in Counter(seat.pool_id for seat in taken).items()
    ]  # fmt: skip


def reevaluation(pool: Pool, people: int, changes: int) -> audit.Act:
    """People of a pool decided about anew, and how many seats changed by it."""
    after: dict[str, JsonValue] = {"people": people, "changes": changes, "product": pool.product}
    return audit.Act("pool.reevaluate", str(pool.id), pool.tenant_id, pool.org_id, after=after)
