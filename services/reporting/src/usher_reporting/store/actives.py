"""How many came: by period over any number of organizations, or each of them by itself."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.store.streams import Query

ASKED = """
    a.tenant_id = any(cast(:tenants as uuid[])) and a.period = :period and a.starts_on between :since and :until
    and (cast(:units as uuid[]) is null or a.org_id = any(cast(:units as uuid[])))
"""
SUMS = text(f"""
    select a.starts_on, sum(a.people), sum(a.logins) from actives a
    where {ASKED} group by a.starts_on order by a.starts_on
""")
EACH = text(f"""
    select a.starts_on, a.people, a.logins, a.org_id, o.name as organization from actives a
    left join organization o on o.tenant_id = a.tenant_id and o.id = a.org_id
    where {ASKED} and (cast(:after_org as uuid) is null or (a.starts_on, a.org_id) > (:after_day, :after_org))
    order by a.starts_on, a.org_id limit :limit
""")

# A day's figures change with every login; a state is thinned out when a later one of the same day is there.
THIN = text("""
    delete from actives_history h
    where h.known_from >= cast(:since as timestamptz) and h.known_from < cast(:until as timestamptz) and exists (
        select from actives_history later
        where (later.tenant_id, later.org_id, later.period, later.starts_on)
            = (h.tenant_id, h.org_id, h.period, h.starts_on)
            and later.known_from > h.known_from
            and later.known_from < date_trunc('day', h.known_from, 'UTC') + interval '1 day'
    )
""")


class Actives(NamedTuple):
    """How many people came in the period that starts then, and how often."""

    starts_on: date
    people: int
    logins: int


class UnitActives(NamedTuple):
    """The same of one organization, without its units. `organization` is none before its fact arrived."""

    starts_on: date
    people: int
    logins: int
    org_id: UUID
    organization: str | None


class Asked(NamedTuple):
    """Whose periods are looked at: of these tenants, of these units alone where given; the first and the last."""

    tenants: Sequence[UUID]
    units: Sequence[UUID] | None
    period: str
    since: date
    until: date


async def sum_actives(conn: AsyncConnection, asked: Asked) -> list[Actives]:
    """Every period in which somebody came, in order of time."""
    rows = await conn.execute(SUMS, parameters(asked))
    return [Actives(starts_on, int(people), int(logins)) for starts_on, people, logins in rows]


async def list_actives(
    conn: AsyncConnection, asked: Asked, *, after: tuple[date, UUID] | None, limit: int
) -> list[UnitActives]:
    """The same by organization, those that come `after` the last."""
    return [UnitActives(*row) for row in await conn.execute(*actives_query(asked, after=after, limit=limit))]


def actives_query(asked: Asked, *, after: tuple[date, UUID] | None = None, limit: int | None = None) -> Query:
    """What `list_actives` asks; without a limit all of it."""
    after_day, after_org = after or (asked.since, None)
    return Query(EACH, parameters(asked) | {"after_day": after_day, "after_org": after_org, "limit": limit})


async def thin_history(conn: AsyncConnection, since: datetime, until: datetime) -> int:
    """Of the states that figures were in between two moments, keep the last of each day. Answers how many went."""
    return (await conn.execute(THIN, {"since": since, "until": until})).rowcount


def parameters(asked: Asked) -> dict[str, object]:
    return {
        **asked._asdict(),
        "tenants": list(asked.tenants),
        "units": None if asked.units is None else list(asked.units),
    }
