"""Locks, in the one order: the tenants' configuration by id, then people by id (architecture: The way of a message)."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Person: TypeAlias = tuple[UUID, UUID]
"""A person, as tenant and id."""

Org: TypeAlias = tuple[UUID, UUID]
"""An organization, as tenant and id; it need not be known yet."""

READ_CONFIGURATION = "select tenant_id from configuration where tenant_id = any(cast(:tenants as uuid[]))"
SHARE_CONFIGURATION = text(f"{READ_CONFIGURATION} order by tenant_id for share")
LOCK_CONFIGURATION = text(f"{READ_CONFIGURATION} order by tenant_id for update")
ADD_CONFIGURATION = text("""
    insert into configuration (tenant_id)
    select tenant from unnest(cast(:tenants as uuid[])) as asked (tenant) order by tenant
    on conflict do nothing
""")

ADD_PEOPLE = text("""
    insert into last_login (tenant_id, user_id)
    select tenant, person from unnest(cast(:tenants as uuid[]), cast(:people as uuid[])) as asked (tenant, person)
    order by tenant, person
    on conflict do nothing
""")
PEOPLE = """
    select l.tenant_id, l.user_id from last_login l
    join unnest(cast(:tenants as uuid[]), cast(:people as uuid[])) as asked (tenant, person)
        on (l.tenant_id, l.user_id) = (asked.tenant, asked.person)
    order by l.tenant_id, l.user_id
"""
# Whom one locks oneself one need not be told: counted, no thousand rows travel for nothing.
LOCK_PEOPLE = text(f"select count(*) from ({PEOPLE} for update of l) as locked")
LOCK_FREE_PEOPLE = text(f"{PEOPLE} for update of l skip locked")

# A move that is not committed yet is waited for, so that no first fact is told at the organization left behind.
HOLD_IN_PLACE = text("""
    select count(*) from (
        select from person p
        join unnest(cast(:tenants as uuid[]), cast(:people as uuid[])) as asked (tenant, person)
            on (p.tenant_id, p.id) = (asked.tenant, asked.person)
        order by p.tenant_id, p.id for share of p
    ) as held
""")


async def share_configuration(conn: AsyncConnection, tenants: Iterable[UUID]) -> None:
    """Lock the configuration that these tenants' seats are judged under: nobody changes it meanwhile."""
    asked = sorted(set(tenants))
    rows = (await conn.execute(SHARE_CONFIGURATION, {"tenants": asked})).all()
    if len(rows) < len(asked):
        await conn.execute(ADD_CONFIGURATION, {"tenants": asked})
        await conn.execute(SHARE_CONFIGURATION, {"tenants": asked})


async def lock_configuration(conn: AsyncConnection, tenants: Iterable[UUID]) -> None:
    """Lock these tenants' configuration in order to change it: nothing of theirs is being judged meanwhile."""
    asked = sorted(set(tenants))
    await conn.execute(ADD_CONFIGURATION, {"tenants": asked})
    await conn.execute(LOCK_CONFIGURATION, {"tenants": asked})


async def lock_people(conn: AsyncConnection, people: Iterable[Person]) -> None:
    """Lock these people, known or not, so that nobody else judges their seats, nor moves them."""
    asked = arrays(people)
    await conn.execute(ADD_PEOPLE, asked)
    await conn.execute(LOCK_PEOPLE, asked)
    await conn.execute(HOLD_IN_PLACE, asked)


async def lock_free_people(conn: AsyncConnection, people: Iterable[Person]) -> list[Person]:
    """Lock those of these people whom nobody else has locked. Answers which."""
    return [(row.tenant_id, row.user_id) for row in await conn.execute(LOCK_FREE_PEOPLE, arrays(people))]


def org_arrays(orgs: Iterable[Org]) -> dict[str, Sequence[UUID]]:
    """Organizations, each once, as the parallel arrays that statements take."""
    listed = sorted(set(orgs))
    return {"tenants": [tenant for tenant, _ in listed], "orgs": [org for _, org in listed]}


def arrays(people: Iterable[Person]) -> dict[str, Sequence[UUID]]:
    """People as the parallel arrays that statements take."""
    listed = list(people)
    return {"tenants": [tenant for tenant, _ in listed], "people": [person for _, person in listed]}
