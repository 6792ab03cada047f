"""Statements on identity providers of others, and on sign-ins that are on their way there."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.identity_providers import ClaimNames, IdentityProvider

COLUMNS = (
    "tenant_id, name, id, org_id, title, issuer, client_id, client_secret, created_at, scopes, claims, mapping, "
    "links_by, creates_people, domains, is_offered, serves_all, version"
)
FIND = text(f"select {COLUMNS} from identity_provider where removed_at is null and id = :id")
FIND_FOR_UPDATE = text(f"select {COLUMNS} from identity_provider where removed_at is null and id = :id for update")
LIST = text(f"""
    select {COLUMNS} from identity_provider
    where removed_at is null and tenant_id = any(cast(:tenants as uuid[]))
        and (cast(:units as uuid[]) is null or org_id = any(cast(:units as uuid[])))
        and (tenant_id, name) > (cast(:tenant as uuid), cast(:name as text))
    order by tenant_id, name limit :limit
""")
OFFERED = text(f"""
    select {COLUMNS} from identity_provider
    where removed_at is null
        and (is_offered or tenant_id = (select tenant_id from organization where id = cast(:org as uuid)))
    order by title, id limit :limit
""")
FINDS = text("select exists(select from identity_provider where removed_at is null and domains <> '{}')")
BY_DOMAIN = text(f"select {COLUMNS} from identity_provider where removed_at is null and :domain = any(domains)")
BY_ISSUER = text(f"select {COLUMNS} from identity_provider where removed_at is null and issuer = :issuer order by id")
FORMER = text("select issuer, version, removed_at from identity_provider where tenant_id = :tenant and name = :name")
TAKEN_DOMAINS = text("""
    select unnest(domains) as domain from identity_provider
    where removed_at is null and id <> :id and domains && cast(:domains as text[])
""")
SAVE = text(f"""
    insert into identity_provider ({COLUMNS})
    values (:tenant_id, :name, :id, :org_id, :title, :issuer, :client_id, :client_secret, :created_at,
        cast(:scopes as text[]), :claims, :mapping, cast(:links_by as text[]), :creates_people,
        cast(:domains as text[]), :is_offered, :serves_all, :version)
    on conflict (tenant_id, name) do update
    set (id, org_id, title, issuer, client_id, client_secret, created_at, scopes, claims, mapping, links_by,
        creates_people, domains, is_offered, serves_all, version, removed_at)
        = (excluded.id, excluded.org_id, excluded.title, excluded.issuer, excluded.client_id, excluded.client_secret,
        excluded.created_at, excluded.scopes, excluded.claims, excluded.mapping, excluded.links_by,
        excluded.creates_people, excluded.domains, excluded.is_offered, excluded.serves_all,
        excluded.version, null)
""")
REMOVE = text("""
    update identity_provider set removed_at = :at, version = :version, client_secret = '', domains = '{}'
    where tenant_id = :tenant and name = :name
""")
END_SESSIONS = text("update session set ended_at = :at where provider_id = :id and ended_at is null")

ADD_ATTEMPT = text("""
    insert into sign_in_attempt (tenant_id, state_hash, provider_id, asked, expires_at)
    values (:tenant, :hash, :provider, :asked, :expires_at)
""")
TAKE_ATTEMPT = text("""
    delete from sign_in_attempt where tenant_id = :tenant and state_hash = :hash
    returning provider_id, asked, expires_at
""")
MOST_OFFERED = 20


@dataclass(frozen=True, slots=True)
class Offered:
    """The providers that a sign-in page shows, and whether addresses of some domain lead to any."""

    providers: Sequence[IdentityProvider]
    finds_by_address: bool


async def find_provider(conn: AsyncConnection, id_: UUID, *, for_update: bool = False) -> IdentityProvider | None:
    """The provider, as far as the transaction sees it; None for one that was removed."""
    row = (await conn.execute(FIND_FOR_UPDATE if for_update else FIND, {"id": id_})).one_or_none()
    return from_row(row) if row else None


async def list_providers(
    conn: AsyncConnection, tenants: Sequence[UUID], units: Sequence[UUID] | None, after: Sequence[Any], limit: int
) -> list[IdentityProvider]:
    """Providers of these units, or of all, by tenant and name."""
    asked = {"tenants": tenants, "units": units, "tenant": after[0], "name": after[1], "limit": limit}
    return [from_row(row) for row in await conn.execute(LIST, asked)]


async def load_offered(conn: AsyncConnection, org_id: UUID | None) -> Offered:
    """What a sign-in page shows: what is offered to everybody, and all that an organization's tenant has."""
    rows = await conn.execute(OFFERED, {"org": org_id, "limit": MOST_OFFERED})
    return Offered([from_row(row) for row in rows], bool(await conn.scalar(FINDS)))


async def find_by_domain(conn: AsyncConnection, domain: str) -> IdentityProvider | None:
    """The provider to which addresses of this domain lead."""
    row = (await conn.execute(BY_DOMAIN, {"domain": domain})).one_or_none()
    return from_row(row) if row else None


async def find_by_issuer(conn: AsyncConnection, issuer: str) -> list[IdentityProvider]:
    return [from_row(row) for row in await conn.execute(BY_ISSUER, {"issuer": issuer})]


async def former_of(conn: AsyncConnection, tenant_id: UUID, name: str) -> tuple[str, int, bool] | None:
    """Issuer and version of the provider that has, or had, this name, and whether it is still there."""
    row = (await conn.execute(FORMER, {"tenant": tenant_id, "name": name})).one_or_none()
    return (row.issuer, row.version, row.removed_at is None) if row else None


async def find_taken_domains(conn: AsyncConnection, provider: IdentityProvider) -> set[str]:
    """Those of the provider's domains that lead to another one."""
    asked = {"id": provider.id, "domains": list(provider.domains)}
    return set(await conn.scalars(TAKEN_DOMAINS, asked)) & set(provider.domains)


async def save_provider(conn: AsyncConnection, provider: IdentityProvider) -> None:
    values = {name: getattr(provider, name) for name in provider.__slots__}
    texts = {"claims": json.dumps(asdict(provider.claims)), "mapping": json.dumps(dict(provider.mapping))}
    lists = {name: list(values[name]) for name in ("scopes", "links_by", "domains")}
    await conn.execute(SAVE, {**values, **texts, **lists})


async def remove_provider(conn: AsyncConnection, provider: IdentityProvider, at: datetime) -> None:
    """Let nobody sign in by it any more. Its row stays, without its secret, so that its name keeps its issuer."""
    asked = {"tenant": provider.tenant_id, "name": provider.name, "version": provider.version, "at": at}
    await conn.execute(REMOVE, asked)


async def end_sessions_by(conn: AsyncConnection, provider_id: UUID, at: datetime) -> None:
    """End the sessions that began by a provider, in the transaction's tenants."""
    await conn.execute(END_SESSIONS, {"id": provider_id, "at": at})


async def add_attempt(
    conn: AsyncConnection, provider: IdentityProvider, state_hash: str, asked: str, expires_at: datetime
) -> None:
    """Keep which request a sign-in goes back to."""
    row = {"tenant": provider.tenant_id, "hash": state_hash, "provider": provider.id}
    await conn.execute(ADD_ATTEMPT, {**row, "asked": asked, "expires_at": expires_at})


async def take_attempt(
    conn: AsyncConnection, tenant_id: UUID, state_hash: str, at: datetime
) -> tuple[UUID, str] | None:
    """The provider and the request of a sign-in that comes back, which is good once; None for a late or unknown one."""
    row = (await conn.execute(TAKE_ATTEMPT, {"tenant": tenant_id, "hash": state_hash})).one_or_none()
    return (row.provider_id, row.asked) if row and at < row.expires_at else None


def from_row(row: Row[Any]) -> IdentityProvider:
    return IdentityProvider(
        tenant_id=row.tenant_id,
        name=row.name,
        id=row.id,
        org_id=row.org_id,
        title=row.title,
        issuer=row.issuer,
        client_id=row.client_id,
        client_secret=row.client_secret,
        created_at=row.created_at,
        scopes=tuple(row.scopes),
        claims=ClaimNames(**json.loads(row.claims)),
        mapping={word: tuple(roles) for word, roles in json.loads(row.mapping).items()},
        links_by=tuple(row.links_by),
        creates_people=row.creates_people,
        domains=tuple(row.domains),
        is_offered=row.is_offered,
        serves_all=row.serves_all,
        version=row.version,
    )
