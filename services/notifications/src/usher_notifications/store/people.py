"""Statements on people: their profiles, what they muted, and who administers an organization."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_notifications.domain.deliveries import Recipient
from usher_notifications.tables import ADMINISTRATORS

# The blank profile of a deleted person is a row like others, so that erasure depends on no order and on no lock.
SAVE_PROFILES = text("""
    insert into profile as p (tenant_id, user_id, display_name, email, version)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:names as text[]),
        cast(:emails as text[]), cast(:versions as bigint[]))
    on conflict (tenant_id, user_id) do update
    set (display_name, email, version) = (excluded.display_name, excluded.email, excluded.version)
    where p.version < excluded.version
""")
LOAD_RECIPIENTS = text("""
    select asked.tenant, asked.person, p.display_name, p.email, coalesce(n.status <> 'active', false) as has_left,
        array(select kind from mute m where m.tenant_id = asked.tenant and m.user_id = asked.person) as muted
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[])) as asked (tenant, person)
    left join profile p on p.tenant_id = asked.tenant and p.user_id = asked.person
    left join person n on n.tenant_id = asked.tenant and n.id = asked.person
""")
# Copies may arrive in any order, so that a unit can stand below itself for a moment: union ends such a walk.
FIND_ADMINISTRATORS = text(f"""
    with recursive up as (
        select o.id as asked, o.tenant_id, o.id, o.parent_id from organization o where o.id = any(cast(:orgs as uuid[]))
        union
        select up.asked, o.tenant_id, o.id, o.parent_id
        from organization o join up on o.tenant_id = up.tenant_id and o.id = up.parent_id
    )
    select up.asked, p.tenant_id, p.id, p.org_id from up
    join person p on p.tenant_id = up.tenant_id and p.org_id = up.id
    where p.{ADMINISTRATORS} and 'org_admin' = any(p.roles) and p.status = 'active'
""")
FIND_OPERATORS = text(f"""
    select tenant_id, id, org_id from person
    where tenant_id = :operators and {ADMINISTRATORS} and 'system_admin' = any(roles) and status = 'active'
""")
LOCK_PERSON = text("select from person where tenant_id = :tenant and id = :user for update")
MUTED = text("select kind from mute where tenant_id = :tenant and user_id = :user")
MUTE = text("insert into mute (tenant_id, user_id, kind) values (:tenant, :user, :kind) on conflict do nothing")
UNMUTE = text("delete from mute where tenant_id = :tenant and user_id = :user and kind = :kind")


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's name and address; blank once they are deleted."""

    tenant_id: UUID
    user_id: UUID
    display_name: str
    email: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who is told of what concerns the organization `org_id`, theirs, and its units."""

    tenant_id: UUID
    id: UUID
    org_id: UUID


async def save_profiles(conn: AsyncConnection, profiles: Sequence[Profile]) -> int:
    """Keep the highest version of each profile. Answers how many were news."""
    saved = await conn.execute(
        SAVE_PROFILES,
        {
            "tenants": [profile.tenant_id for profile in profiles],
            "people": [profile.user_id for profile in profiles],
            "names": [profile.display_name for profile in profiles],
            "emails": [profile.email for profile in profiles],
            "versions": [profile.version for profile in profiles],
        },
    )
    return saved.rowcount


async def load_recipients(conn: AsyncConnection, asked: Iterable[tuple[UUID, UUID]]) -> dict[UUID, Recipient]:
    """What is known of these people (tenant, id), by id."""
    listed = sorted(set(asked))
    rows = await conn.execute(
        LOAD_RECIPIENTS, {"tenants": [tenant for tenant, _ in listed], "people": [person for _, person in listed]}
    )
    return {
        row.person: Recipient(
            row.tenant, row.person, row.display_name or "", row.email or None, row.has_left, frozenset(row.muted)
        )
        for row in rows
    }


async def find_administrators(conn: AsyncConnection, orgs: Iterable[UUID]) -> dict[UUID, list[Administrator]]:
    """The active organization administrators of each of these organizations: their own, and those of ancestors."""
    found: dict[UUID, list[Administrator]] = {}
    for row in await conn.execute(FIND_ADMINISTRATORS, {"orgs": sorted(set(orgs))}):
        found.setdefault(row.asked, []).append(Administrator(row.tenant_id, row.id, row.org_id))
    return found


async def find_operators(conn: AsyncConnection) -> list[Administrator]:
    """The active system administrators; the transaction must see the operators' tenant."""
    rows = await conn.execute(FIND_OPERATORS, {"operators": OPERATORS_TENANT})
    return [Administrator(row.tenant_id, row.id, row.org_id) for row in rows]


async def lock_person(conn: AsyncConnection, tenant_id: UUID, user_id: UUID) -> None:
    """Lock a person, so that nobody else changes what they muted meanwhile."""
    await conn.execute(LOCK_PERSON, {"tenant": tenant_id, "user": user_id})


async def load_muted(conn: AsyncConnection, tenant_id: UUID, user_id: UUID) -> set[str]:
    """The kinds of notices that a person has muted."""
    return set((await conn.scalars(MUTED, {"tenant": tenant_id, "user": user_id})).all())


async def save_muted(conn: AsyncConnection, tenant_id: UUID, user_id: UUID, kind: str, *, muted: bool) -> None:
    """Mute a kind for a person, or no longer."""
    await conn.execute(MUTE if muted else UNMUTE, {"tenant": tenant_id, "user": user_id, "kind": kind})
