"""The copies of organizations and people, kept from identity's facts (messages: The state-carrying rule)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Event, latest
from usher_contracts.identity import OrganizationChanged, UserChanged

ADD_TENANTS = text("insert into tenant (id) select unnest(cast(:ids as uuid[])) on conflict do nothing")

SAVE_ORGANIZATIONS = text("""
    insert into organization as o
        (tenant_id, id, parent_id, external_id, name, kind, status, time_zone, version)
    select * from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:parents as uuid[]),
        cast(:external_ids as text[]), cast(:names as text[]), cast(:kinds as text[]), cast(:statuses as text[]),
        cast(:time_zones as text[]), cast(:versions as bigint[]))
    on conflict (tenant_id, id) do update
    set (parent_id, external_id, name, kind, status, time_zone, version) = (excluded.parent_id, excluded.external_id,
        excluded.name, excluded.kind, excluded.status, excluded.time_zone, excluded.version)
    where o.version < excluded.version
    returning o.id
""")

# Arrays of arrays must be rectangular, so roles travel as one text a person and are taken apart here.
SAVE_PEOPLE = text("""
    insert into person as p (tenant_id, id, org_id, status, status_since, roles, role_since, version)
    select tenant, id, org, status, since, string_to_array(roles, ','),
           cast(string_to_array(role_since, ',') as timestamptz[]), version
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:orgs as uuid[]), cast(:statuses as text[]),
        cast(:since as timestamptz[]), cast(:roles as text[]), cast(:role_since as text[]), cast(:versions as bigint[]))
        as fact (tenant, id, org, status, since, roles, role_since, version)
    on conflict (tenant_id, id) do update
    set (org_id, status, status_since, roles, role_since, version) = (excluded.org_id, excluded.status,
        excluded.status_since, excluded.roles, excluded.role_since, excluded.version)
    where p.version < excluded.version
    returning p.id
""")


async def apply_organizations(
    conn: AsyncConnection,
    events: Sequence[Event[OrganizationChanged]],
    at: datetime,  # noqa: ARG001 (a use case)
) -> list[UUID]:
    """Keep the highest version of each organization. Returns the ids of those that changed."""
    facts = [event.data for event in latest(events)]
    if roots := [fact.id for fact in facts if fact.parent_id is None]:
        await conn.execute(ADD_TENANTS, {"ids": roots})
    changed = await conn.scalars(
        SAVE_ORGANIZATIONS,
        {
            "tenants": [fact.tenant_id for fact in facts],
            "ids": [fact.id for fact in facts],
            "parents": [fact.parent_id for fact in facts],
            "external_ids": [fact.external_id for fact in facts],
            "names": [fact.name for fact in facts],
            "kinds": [fact.kind for fact in facts],
            "statuses": [fact.status for fact in facts],
            "time_zones": [fact.time_zone for fact in facts],
            "versions": [fact.version for fact in facts],
        },
    )
    return list(changed)


async def apply_people(
    conn: AsyncConnection,
    events: Sequence[Event[UserChanged]],
    at: datetime,  # noqa: ARG001 (a use case)
) -> list[UUID]:
    """Keep the highest version of each person. Returns the ids of those that changed."""
    facts = [event.data for event in latest(events)]
    changed = await conn.scalars(
        SAVE_PEOPLE,
        {
            "tenants": [fact.tenant_id for fact in facts],
            "ids": [fact.id for fact in facts],
            "orgs": [fact.org_id for fact in facts],
            "statuses": [fact.status for fact in facts],
            "since": [fact.status_since for fact in facts],
            "roles": [",".join(held.role for held in fact.roles) for fact in facts],
            "role_since": [",".join(held.since.isoformat() for held in fact.roles) for fact in facts],
            "versions": [fact.version for fact in facts],
        },
    )
    return list(changed)
