"""Statements on what seats are judged by: organizations with their calendars, sources of logins and policies."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.identity import CalendarChanged
from usher_usage.domain.days import Pauses
from usher_usage.domain.policies import Policy
from usher_usage.domain.units import Unit, Units
from usher_usage.store.locking import Org, org_arrays

# Copies may arrive in any order: an organization may not be known yet, though its settings are; and a unit can stand
# below itself for a moment, so that union ends such a walk.
LOAD = text("""
    with recursive up as (
        select asked.tenant as tenant_id, asked.org as id, o.parent_id, o.time_zone
        from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[])) as asked (tenant, org)
        left join organization o on o.tenant_id = asked.tenant and o.id = asked.org
        union
        select up.tenant_id, up.parent_id, o.parent_id, o.time_zone
        from up left join organization o on o.tenant_id = up.tenant_id and o.id = up.parent_id
        where up.parent_id is not null
    )
    select up.id, up.parent_id, up.time_zone, c.firsts, c.lasts, s.since as source_since,
        p.product, p.window_days, p.warn_days, p.reclaim_days, p.keep_days
    from up
    left join calendar c on c.tenant_id = up.tenant_id and c.org_id = up.id and c.is_set
    left join source s on s.tenant_id = up.tenant_id and s.org_id = up.id
    left join policy p on p.tenant_id = up.tenant_id and p.org_id = up.id
""")
SAVE_CALENDARS = text("""
    insert into calendar as c (tenant_id, org_id, is_set, firsts, lasts, version)
    select tenant, org, is_set, cast(string_to_array(firsts, ',') as date[]),
        cast(string_to_array(lasts, ',') as date[]), version
    from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:is_set as boolean[]), cast(:firsts as text[]),
        cast(:lasts as text[]), cast(:versions as bigint[])) as fact (tenant, org, is_set, firsts, lasts, version)
    on conflict (tenant_id, org_id) do update
    set (is_set, firsts, lasts, version) = (excluded.is_set, excluded.firsts, excluded.lasts, excluded.version)
    where c.version < excluded.version
    returning c.tenant_id, c.org_id
""")
SOURCES = """
    unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:since as timestamptz[])) as told (tenant, org, since)
"""
FIND_NEWS = text(f"""
    select told.tenant, told.org from {SOURCES}
    left join source s on s.tenant_id = told.tenant and s.org_id = told.org
    where s.since is null or s.since > told.since
""")
SAVE_SOURCES = text(f"""
    insert into source as s (tenant_id, org_id, since) select * from {SOURCES}
    on conflict (tenant_id, org_id) do update set since = excluded.since where s.since > excluded.since
""")
JUDGED_BY = text("""
    select tenant_id, id, parent_id, time_zone from organization where id = any(cast(:orgs as uuid[]))
""")


async def load_units(conn: AsyncConnection, orgs: Iterable[Org]) -> Units:
    """These organizations and all their ancestors, with what each sets."""
    units: dict[UUID, Unit] = {}
    policies: dict[UUID, dict[str, Policy]] = {}
    for row in await conn.execute(LOAD, org_arrays(orgs)):
        own = policies.setdefault(row.id, {})
        if row.id not in units:
            units[row.id] = Unit(row.id, row.parent_id, to_zone(row.time_zone), to_breaks(row), row.source_since, own)
        if row.product is not None:
            own[row.product] = Policy(row.window_days, row.warn_days, row.reclaim_days, row.keep_days)
    return Units(units)


async def load_judged_by(conn: AsyncConnection, orgs: Iterable[UUID]) -> dict[Org, tuple[UUID | None, str]]:
    """What of these organizations seats are judged by: the parent, whose settings count, and the time zone."""
    rows = await conn.execute(JUDGED_BY, {"orgs": list(orgs)})
    return {(row.tenant_id, row.id): (row.parent_id, row.time_zone) for row in rows}


async def save_calendars(conn: AsyncConnection, calendars: Sequence[CalendarChanged]) -> list[Org]:
    """Keep the highest version of each organization's calendar. Answers the organizations whose calendars changed."""
    changed = await conn.execute(
        SAVE_CALENDARS,
        {
            "tenants": [one.tenant_id for one in calendars],
            "orgs": [one.org_id for one in calendars],
            "is_set": [one.is_set for one in calendars],
            "firsts": [",".join(str(days.first) for days in one.breaks) for one in calendars],
            "lasts": [",".join(str(days.last) for days in one.breaks) for one in calendars],
            "versions": [one.version for one in calendars],
        },
    )
    return [(row.tenant_id, row.org_id) for row in changed]


async def find_new_sources(conn: AsyncConnection, told: Mapping[Org, datetime]) -> dict[Org, datetime]:
    """Of first logins by organization, those of organizations where none as early was told before."""
    rows = (await conn.execute(FIND_NEWS, source_arrays(told))).all() if told else ()
    return {(row.tenant, row.org): told[row.tenant, row.org] for row in rows}


async def save_sources(conn: AsyncConnection, told: Mapping[Org, datetime]) -> None:
    """Keep since when each organization's logins are told; the tenants' configuration must be locked alone."""
    await conn.execute(SAVE_SOURCES, source_arrays(told))


def source_arrays(told: Mapping[Org, datetime]) -> dict[str, Sequence[UUID | datetime]]:
    return {**org_arrays(told), "since": [told[org] for org in sorted(told)]}


def to_breaks(row: Row[Any]) -> Pauses | None:
    return None if row.firsts is None else Pauses.of(zip(row.firsts, row.lasts, strict=True))


@lru_cache(maxsize=1_000)
def to_zone(name: str | None) -> tzinfo:
    """The time zone of that name; UTC for one that nobody knows, so that a misspelt one stops no judgement."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
