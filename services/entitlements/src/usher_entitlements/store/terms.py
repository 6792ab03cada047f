"""License terms and the notices that were told of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.terms import LicenseTerm, TermState

COLUMNS = """
    tenant_id, id, org_id, product, seats, starts_at, ends_at, grace_days, overage, shrink, price_per_seat, currency,
    ended_at, state, version
"""
LOAD = text(
    f"select {COLUMNS} from license_term where tenant_id = any(cast(:tenants as uuid[])) order by starts_at, id"
)
FIND = text(f"select {COLUMNS} from license_term where id = :id")
PAGE = text(f"""
    select {COLUMNS} from license_term
    where (tenant_id, id) > (cast(cast(:tenant as text) as uuid), cast(cast(:after as text) as uuid))
    order by tenant_id, id limit :limit
""")
OF_LINE = text(f"""
    select {COLUMNS} from license_term
    where tenant_id = :tenant and org_id = any(cast(:orgs as uuid[])) and product = :product order by starts_at, id
""")
SAVE = text(f"""
    insert into license_term as t ({COLUMNS})
    select * from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:orgs as uuid[]),
        cast(:products as text[]), cast(:seats as int[]), cast(:starts as timestamptz[]), cast(:ends as timestamptz[]),
        cast(:grace_days as int[]), cast(:overages as text[]), cast(:shrinks as text[]), cast(:prices as numeric[]),
        cast(:currencies as text[]), cast(:ended as timestamptz[]), cast(:states as text[]),
        cast(:versions as bigint[]))
    on conflict (tenant_id, id) do update
    set (seats, starts_at, ends_at, grace_days, overage, shrink, price_per_seat, currency, ended_at, state, version)
      = (excluded.seats, excluded.starts_at, excluded.ends_at, excluded.grace_days, excluded.overage, excluded.shrink,
         excluded.price_per_seat, excluded.currency, excluded.ended_at, excluded.state, excluded.version)
""")
TOLD = text("""
    select n.term_id, min(n.threshold) as threshold
    from license_notice n join license_term t on t.tenant_id = n.tenant_id and t.id = n.term_id
    where n.tenant_id = any(cast(:tenants as uuid[])) and n.ends_at = t.ends_at
    group by n.term_id
""")
OF_UNITS = text(f"""
    select {COLUMNS} from license_term
    where tenant_id = :tenant and org_id = any(cast(:orgs as uuid[])) order by starts_at, id
""")
TELL = text("""
    insert into license_notice (tenant_id, term_id, ends_at, threshold, told_at)
    select tenant_id, term_id, ends_at, threshold, :at
    from unnest(cast(:tenants as uuid[]), cast(:terms as uuid[]), cast(:ends as timestamptz[]),
                cast(:thresholds as int[])) as n (tenant_id, term_id, ends_at, threshold)
    on conflict do nothing returning term_id
""")


async def load_terms(conn: AsyncConnection, tenants: Sequence[UUID]) -> list[LicenseTerm]:
    """Every term of these tenants, as their configuration's lock holds them."""
    return [from_row(row) for row in await conn.execute(LOAD, {"tenants": tenants})]


async def find_term(conn: AsyncConnection, term_id: UUID) -> LicenseTerm | None:
    """A term of the transaction's tenants."""
    row = (await conn.execute(FIND, {"id": term_id})).one_or_none()
    return from_row(row) if row else None


async def load_terms_of(
    conn: AsyncConnection, tenant_id: UUID, orgs: Sequence[UUID], product: str
) -> list[LicenseTerm]:
    """Every term, ever, that one of these organizations has bought of a product."""
    rows = await conn.execute(OF_LINE, {"tenant": tenant_id, "orgs": orgs, "product": product})
    return [from_row(row) for row in rows]


async def load_terms_of_units(conn: AsyncConnection, tenant_id: UUID, orgs: Sequence[UUID]) -> list[LicenseTerm]:
    """Every term, ever, of these organizations."""
    return [from_row(row) for row in await conn.execute(OF_UNITS, {"tenant": tenant_id, "orgs": list(orgs)})]


async def page_of_terms(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[LicenseTerm]:
    """Terms after a tenant and id, in this order, of all the tenants that the transaction is open for."""
    tenant, id_ = after
    return [from_row(row) for row in await conn.execute(PAGE, {"tenant": tenant, "after": id_, "limit": limit})]


async def save_terms(conn: AsyncConnection, terms: Sequence[LicenseTerm]) -> None:
    """Save terms whose configurations are locked."""
    if terms:
        await conn.execute(
            SAVE,
            {
                "tenants": [term.tenant_id for term in terms],
                "ids": [term.id for term in terms],
                "orgs": [term.org_id for term in terms],
                "products": [term.product for term in terms],
                "seats": [term.seats for term in terms],
                "starts": [term.starts_at for term in terms],
                "ends": [term.ends_at for term in terms],
                "grace_days": [term.grace_days for term in terms],
                "overages": [term.overage for term in terms],
                "shrinks": [term.shrink for term in terms],
                "prices": [term.price_per_seat for term in terms],
                "currencies": [term.currency for term in terms],
                "ended": [term.ended_at for term in terms],
                "states": [term.state.value for term in terms],
                "versions": [term.version for term in terms],
            },
        )


async def load_told(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, int]:
    """By term, the last threshold that was told for its present end, in days."""
    return {row.term_id: row.threshold for row in await conn.execute(TOLD, {"tenants": tenants})}


async def save_told(conn: AsyncConnection, told: Sequence[tuple[LicenseTerm, int]], at: datetime) -> set[UUID]:
    """Save that each term's notice of a threshold is told. Answers the terms of which it had not been before."""
    if not told:
        return set()
    news = await conn.scalars(
        TELL,
        {
            "tenants": [term.tenant_id for term, _ in told],
            "terms": [term.id for term, _ in told],
            "ends": [term.ends_at for term, _ in told],
            "thresholds": [threshold for _, threshold in told],
            "at": at,
        },
    )
    return set(news)


def from_row(row: Row[Any]) -> LicenseTerm:
    return LicenseTerm(**{**row._mapping, "state": TermState(row.state)})  # noqa: SLF001 (SQLAlchemy's public mapping)
