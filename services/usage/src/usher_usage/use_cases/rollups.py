"""Rolling up: logins become figures that are kept for ever, told when they change, and are forgotten themselves."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import UserLoggedIn
from usher_contracts.usage import ActivesChanged
from usher_kit import outbox
from usher_kit.ids import new_id
from usher_kit.versions import epoch_of, in_epoch
from usher_usage.domain.rollups import Visit, count, last_month_needed, presences_of
from usher_usage.store.rollups import (
    add_counts,
    add_presences,
    forget_logins,
    forget_presences,
    mark_told,
    take_untold,
    to_span,
)
from usher_usage.store.units import load_judged_by, to_zone

AT_ONCE = 1_000
"""Figures that one round tells of, and logins that one round forgets, at most."""


async def roll_up(conn: AsyncConnection, logins: Sequence[UserLoggedIn]) -> None:
    """Count logins that are new. Needs their people's locks, or two transactions might count one of them twice."""
    if not logins:
        return
    known = await load_judged_by(conn, {login.org_id for login in logins})
    shown = presences_of(to_visit(login, known.get((login.tenant_id, login.org_id))) for login in logins)
    await add_counts(conn, count(shown, await add_presences(conn, sorted(shown))))


def to_visit(login: UserLoggedIn, known: tuple[object, str] | None) -> Visit:
    """The login in the days of its organization; of one that is not known yet, in UTC's."""
    return Visit(login.tenant_id, login.user_id, login.org_id, login.at, to_zone(known[1] if known else None))


async def tell_actives(conn: AsyncConnection, at: datetime) -> int:
    """Tell figures that have changed since they were told. Answers how many."""
    rows, epoch = await take_untold(conn, AT_ONCE), epoch_of(conn)
    versions = [in_epoch(row.version, epoch) for row in rows]
    await mark_told(conn, [(to_span(row), version) for row, version in zip(rows, versions, strict=True)])
    await outbox.add(conn, [to_event(row, version, at) for row, version in zip(rows, versions, strict=True)])
    return len(rows)


def to_event(row: Any, version: int, at: datetime) -> Event[ActivesChanged]:
    return Event.of(actives_changed(row, version, row.told_version), id=new_id(), at=at, cause=Cause())


def actives_changed(row: Any, version: int, last: int = 0) -> ActivesChanged:
    """`actives.changed`; `last` is the version before."""
    return ActivesChanged(
        tenant_id=row.tenant_id,
        org_id=row.org_id,
        period=row.period,
        starts_on=row.starts_on,
        people=row.people,
        logins=row.logins,
        version=version,
        previous_version=last,
    )


async def forget(conn: AsyncConnection, at: datetime, kept: timedelta) -> int:
    """Remove logins that have been kept for long enough, and then who came. Answers how many there were of both."""
    logins = await forget_logins(conn, at - kept, AT_ONCE)
    return logins + await forget_presences(conn, last_month_needed(at, kept), AT_ONCE)
