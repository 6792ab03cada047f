"""Statements on what upstreams have said of people and of organizations."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.sayings import Profile, Saying, Sayings
from usher_identity.store.pseudonyms import load_pseudonyms, make_pseudonyms

PERSON = "person"
ORGANIZATION = "organization"

LOAD = text("""
    select external_id, sayings from upstream_said
    where tenant_id = :tenant and source = :source and kind = :kind
        and external_id = any(cast(:external_ids as text[]))
""")
SAVE = text("""
    insert into upstream_said (tenant_id, source, kind, external_id, sayings)
    select :tenant, :source, :kind, external_id, sayings
    from unnest(cast(:external_ids as text[]), cast(:sayings as text[])) as said (external_id, sayings)
    on conflict (tenant_id, source, kind, external_id) do update set sayings = excluded.sayings
""")

REMOVE = text("""
    delete from upstream_said where tenant_id = :tenant and source = :source and kind = 'person'
        and external_id = any(cast(:external_ids as text[]))
""")


async def load_sayings(
    conn: AsyncConnection, tenant_id: UUID, source: str, external_ids: Iterable[str]
) -> dict[str, Sayings]:
    """What a source has said of these people; those of whom it has said nothing are left out."""
    asked = (await load_pseudonyms(conn, [tenant_id])).asked(source, external_ids)
    found = await load(conn, tenant_id, source, PERSON, asked)
    return {asked[stored]: to_sayings(sayings) for stored, sayings in found.items()}


async def save_sayings(conn: AsyncConnection, tenant_id: UUID, source: str, said: Mapping[str, Sayings]) -> None:
    """Keep what a source has said of people; of who is deleted merely that, by a pseudonym."""
    stored = {external_id: from_sayings(sayings) for external_id, sayings in said.items()}
    if gone := [external_id for external_id, sayings in said.items() if sayings.is_deleted]:
        pseudonyms = await make_pseudonyms(conn, [tenant_id])
        stored |= {pseudonyms.of(tenant_id, source, one): stored.pop(one) for one in gone}
        await conn.execute(REMOVE, {"tenant": tenant_id, "source": source, "external_ids": gone})
    await save(conn, tenant_id, source, PERSON, stored)


async def load_orders(
    conn: AsyncConnection, tenant_id: UUID, source: str, external_ids: Iterable[str]
) -> dict[str, int]:
    """The order of the last word on each of these organizations, which are said whole."""
    return await load(conn, tenant_id, source, ORGANIZATION, external_ids)


async def save_orders(conn: AsyncConnection, tenant_id: UUID, source: str, orders: Mapping[str, int]) -> None:
    await save(conn, tenant_id, source, ORGANIZATION, orders)


async def load(
    conn: AsyncConnection, tenant_id: UUID, source: str, kind: str, external_ids: Iterable[str]
) -> dict[str, Any]:
    asked = {"tenant": tenant_id, "source": source, "kind": kind, "external_ids": list(external_ids)}
    return {row.external_id: orjson.loads(row.sayings) for row in await conn.execute(LOAD, asked)}


async def save(conn: AsyncConnection, tenant_id: UUID, source: str, kind: str, said: Mapping[str, Any]) -> None:
    if not said:
        return
    written = [orjson.dumps(one).decode() for one in said.values()]
    asked = {"tenant": tenant_id, "source": source, "kind": kind, "external_ids": list(said), "sayings": written}
    await conn.execute(SAVE, asked)


def from_sayings(one: Sayings) -> dict[str, Any]:
    profile, floor = one.profile, one.floor
    return {
        "profile": profile and [profile.order, profile.word.user_name, profile.word.display_name, profile.word.email],
        "organization": one.organization and [one.organization.order, one.organization.word],
        "status": one.status and [one.status.order, one.status.word],
        "floor": floor and [floor.order, sorted(floor.word)],
        "roles": {role: [said.order, said.word] for role, said in one.roles.items()},
        "parts": {name: [said.order, said.word] for name, said in one.parts.items()},
        "words": {id_: [said.order, said.word] for id_, said in one.words.items()},
        "is_confirmed": one.is_confirmed,
        "is_deleted": one.is_deleted,
    }


def to_sayings(stored: Mapping[str, Any]) -> Sayings:
    profile, floor, organization, status = (stored[name] for name in ("profile", "floor", "organization", "status"))
    return Sayings(
        profile=Saying(profile[0], Profile(*profile[1:])) if profile else None,
        organization=Saying(*organization) if organization else None,
        status=Saying(*status) if status else None,
        floor=Saying(floor[0], frozenset(floor[1])) if floor else None,
        roles={role: Saying(*said) for role, said in stored["roles"].items()},
        parts={name: Saying(*said) for name, said in stored["parts"].items()},
        words={id_: Saying(*said) for id_, said in stored["words"].items()},
        is_confirmed=stored["is_confirmed"],
        is_deleted=stored["is_deleted"],
    )
