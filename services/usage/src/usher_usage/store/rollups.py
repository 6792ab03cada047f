"""Statements on rollups: who came when, the figures that follow, and which of these are still to be told."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_usage.domain.rollups import Count, Period, Presence, Span

ADD_PRESENCES = text("""
    insert into presence (tenant_id, user_id, org_id, period, starts_on)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:orgs as uuid[]),
        cast(:periods as text[]), cast(:starts as date[]))
    on conflict do nothing
    returning tenant_id, user_id, org_id, period, starts_on
""")
ADD_COUNTS = text("""
    insert into actives as a (tenant_id, org_id, period, starts_on, people, logins, version, told_version)
    select tenant, org, period, starts_on, people, logins, 1, 0
    from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:periods as text[]), cast(:starts as date[]),
        cast(:people as bigint[]), cast(:logins as bigint[])) as added (tenant, org, period, starts_on, people, logins)
    on conflict (tenant_id, org_id, period, starts_on) do update
    set people = a.people + excluded.people, logins = a.logins + excluded.logins, version = a.version + 1
""")
TAKE_UNTOLD = text("""
    select tenant_id, org_id, period, starts_on, people, logins, version, told_version from actives
    where version <> told_version order by tenant_id, org_id, period, starts_on limit :limit for update skip locked
""")
MARK_TOLD = text("""
    update actives a set version = told.version, told_version = told.version
    from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:periods as text[]), cast(:starts as date[]),
        cast(:versions as bigint[])) as told (tenant, org, period, starts_on, version)
    where (a.tenant_id, a.org_id, a.period, a.starts_on) = (told.tenant, told.org, told.period, told.starts_on)
""")
# Figures that have changed since they were told are told by themselves.
PAGE = text("""
    select tenant_id, org_id, period, starts_on, people, logins, version from actives
    where (tenant_id, org_id, period, starts_on) > (cast(cast(:tenant as text) as uuid),
            cast(cast(:org as text) as uuid), :period, cast(cast(:starts_on as text) as date))
        and version = told_version
    order by tenant_id, org_id, period, starts_on limit :limit
""")
FORGET = """
    delete from {table} where ctid = any(array(select ctid from {table} where {column} < :before limit :limit))
"""
FORGET_LOGINS = text(FORGET.format(table="login", column="at"))
FORGET_PRESENCES = text(FORGET.format(table="presence", column="starts_on"))


async def add_presences(conn: AsyncConnection, presences: Sequence[Presence]) -> list[Presence]:
    """Keep who came when, each once. Answers those that are news."""
    rows = await conn.execute(
        ADD_PRESENCES,
        {**span_arrays([one.span for one in presences]), "people": [one.user_id for one in presences]},
    )
    return [Presence(row.user_id, to_span(row)) for row in rows]


async def add_counts(conn: AsyncConnection, counts: Sequence[Count]) -> None:
    """Add to the figures; the caller has put them in order, so that no two wait for each other."""
    await conn.execute(
        ADD_COUNTS,
        {
            **span_arrays([one.span for one in counts]),
            "people": [one.people for one in counts],
            "logins": [one.logins for one in counts],
        },
    )


async def take_untold(conn: AsyncConnection, limit: int) -> Sequence[Any]:
    """Lock figures that have changed since they were told, so many at most and none that another has locked."""
    return (await conn.execute(TAKE_UNTOLD, {"limit": limit})).all()


async def mark_told(conn: AsyncConnection, told: Sequence[tuple[Span, int]]) -> None:
    """Note at which version figures were told."""
    versions = [version for _, version in told]
    await conn.execute(MARK_TOLD, {**span_arrays([span for span, _ in told]), "versions": versions})


async def page_of_actives(conn: AsyncConnection, after: Sequence[str], limit: int) -> Sequence[Any]:
    """Figures that were told, after a tenant, organization, period and its begin, of all that the transaction sees."""
    tenant, org, period, starts_on = after
    place = {"tenant": tenant, "org": org, "period": period, "starts_on": starts_on}
    return (await conn.execute(PAGE, {**place, "limit": limit})).all()


async def forget_logins(conn: AsyncConnection, before: datetime, limit: int) -> int:
    """Remove logins older than `before`, so many at most. Answers how many."""
    return (await conn.execute(FORGET_LOGINS, {"before": before, "limit": limit})).rowcount


async def forget_presences(conn: AsyncConnection, before: date, limit: int) -> int:
    """Remove who came in periods that began before `before`, so many at most. Answers how many."""
    return (await conn.execute(FORGET_PRESENCES, {"before": before, "limit": limit})).rowcount


def span_arrays(spans: Sequence[Span]) -> dict[str, Sequence[UUID | str | date]]:
    return {
        "tenants": [span.tenant_id for span in spans],
        "orgs": [span.org_id for span in spans],
        "periods": [span.period.value for span in spans],
        "starts": [span.starts_on for span in spans],
    }


def to_span(row: Any) -> Span:
    return Span(row.tenant_id, row.org_id, Period(row.period), row.starts_on)
