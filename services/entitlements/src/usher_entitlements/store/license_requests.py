"""License requests: one open one a pool and asking organization, and the figures that they are asked with."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.license_requests import Asker, LicenseRequest, RequestFigures, RequestState
from usher_entitlements.domain.pools import pool_id
from usher_entitlements.store import pools
from usher_entitlements.store.lists import SEEN, Reach, seen

COLUMNS = """
    tenant_id, id, org_id, pool_id, product, seats, note, figures, asked_by, asked_at, state, answered_by, answered_at,
    answer_note, license_term_id, version
"""
FIND = text(f"select {COLUMNS} from license_request where id = :id")
LOCK = text(f"select {COLUMNS} from license_request where id = :id for update")
LOCK_OPEN = text(f"""
    select {COLUMNS} from license_request
    where tenant_id = :tenant and pool_id = :pool and org_id = :org and state = 'open' for update
""")
LIST = text(f"""
    select {COLUMNS} from license_request
    where tenant_id = any(cast(:tenants as uuid[])) and {SEEN}
      and (cast(:product as text) is null or product = :product) and (cast(:state as text) is null or state = :state)
      and (cast(:after as uuid) is null or id < cast(:after as uuid))
    order by id desc limit :limit
""")
ADD = text(f"""
    insert into license_request ({COLUMNS})
    values (:tenant_id, :id, :org_id, :pool_id, :product, :seats, :note, cast(:figures as jsonb), :asked_by, :asked_at,
        :state, :answered_by, :answered_at, :answer_note, :license_term_id, :version)
    on conflict (tenant_id, pool_id, org_id) where state = 'open' do nothing
    returning id
""")
UPDATE = text("""
    update license_request
    set (seats, note, figures, asked_by, asked_at, state, answered_by, answered_at, answer_note, license_term_id,
         version)
      = (:seats, :note, cast(:figures as jsonb), :asked_by, :asked_at, :state, :answered_by, :answered_at,
         :answer_note, :license_term_id, :version)
    where tenant_id = :tenant_id and id = :id
""")
SERVING = text(f"""
    select {pools.COLUMNS}, (
        select count(*) from seat
        where tenant_id = p.tenant_id and pool_id = p.id and state = 'waitlisted'
          and org_id = any(cast(:units as uuid[]))
    ) as waitlisted_here
    from pool_service s join pool p on p.tenant_id = s.tenant_id and p.id = s.pool_id
    where s.tenant_id = :tenant and s.org_id = :org and s.product = :product
""")


async def find_request(conn: AsyncConnection, request_id: UUID) -> LicenseRequest | None:
    """A request of the transaction's tenants."""
    return one(await conn.execute(FIND, {"id": request_id}))


async def lock_request(conn: AsyncConnection, request_id: UUID) -> LicenseRequest | None:
    """A request of the transaction's tenants, locked."""
    return one(await conn.execute(LOCK, {"id": request_id}))


async def lock_open_request(conn: AsyncConnection, tenant_id: UUID, pool: UUID, org_id: UUID) -> LicenseRequest | None:
    """What an organization asks of a pool and has no answer to yet, locked."""
    return one(await conn.execute(LOCK_OPEN, {"tenant": tenant_id, "pool": pool, "org": org_id}))


async def list_requests(
    conn: AsyncConnection, reach: Reach, product: str | None, state: str | None, after: UUID | None, limit: int
) -> list[LicenseRequest]:
    """Requests, newest first."""
    values = {"product": product, "state": state, "after": after, "limit": limit}
    return [from_row(row) for row in await conn.execute(LIST, seen(reach) | values)]


async def load_figures(conn: AsyncConnection, asker: Asker, product: str) -> tuple[UUID, RequestFigures]:
    """The pool that serves an organization, with its figures; where none does, the one that it would come to have."""
    asked = {"tenant": asker.tenant_id, "org": asker.org_id, "product": product, "units": list(asker.units)}
    row = (await conn.execute(SERVING, asked)).one_or_none()
    if row is None:
        return pool_id(asker.org_id, product), RequestFigures()
    return row.id, RequestFigures.of(pools.from_row(row), row.waitlisted_here)


async def add_request(conn: AsyncConnection, request: LicenseRequest) -> bool:
    """Save a new request. Answers False where the organization has an open one by now."""
    return await conn.scalar(ADD, to_values(request)) is not None


async def save_request(conn: AsyncConnection, request: LicenseRequest) -> None:
    """Save a locked request."""
    await conn.execute(UPDATE, to_values(request))


def to_values(request: LicenseRequest) -> dict[str, Any]:
    values = {**asdict(request), "figures": orjson.dumps(asdict(request.figures)).decode()}
    return {**values, "state": request.state.value}


def one(rows: Any) -> LicenseRequest | None:
    row = rows.one_or_none()
    return from_row(row) if row else None


def from_row(row: Row[Any]) -> LicenseRequest:
    ends_at = row.figures["ends_at"]
    figures = row.figures | {"ends_at": datetime.fromisoformat(ends_at) if ends_at else None}
    values = {**row._mapping, "figures": RequestFigures(**figures), "state": RequestState(row.state)}  # noqa: SLF001
    return LicenseRequest(**values)
