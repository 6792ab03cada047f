"""What entitlements tells again: products, terms and pools as they are now, and all that it ever told of seats."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import LicenseTermChanged, PoolChanged, ProductChanged, SeatChanged
from usher_contracts.envelope import OPERATORS_TENANT
from usher_entitlements.store.pools import page_of_pools
from usher_entitlements.store.products import list_products
from usher_entitlements.store.terms import page_of_terms
from usher_entitlements.use_cases.messages import pool_changed, term_changed
from usher_entitlements.use_cases.products import product_changed
from usher_kit.re_emission.sources import NIL, Current, History, Source

BY_ID = ("tenant_id", "id")
BEFORE_ALL = (NIL, NIL)


async def tell_products(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[ProductChanged]:
    """The catalogue is of the operators' tenant, and short."""
    last = after[1] if after[0] == str(OPERATORS_TENANT) else ""
    return [product_changed(one) for one in await list_products(conn) if one.product > last][:limit]


async def tell_terms(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[LicenseTermChanged]:
    return [term_changed(one) for one in await page_of_terms(conn, after, limit)]


async def tell_pools(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[PoolChanged]:
    return [pool_changed(one) for one in await page_of_pools(conn, after, limit)]


SOURCES: Sequence[Source] = (
    Current(ProductChanged, tell_products, ("tenant_id", "product"), (NIL, "")),
    Current(LicenseTermChanged, tell_terms, BY_ID, BEFORE_ALL),
    Current(PoolChanged, tell_pools, BY_ID, BEFORE_ALL),
    # An administrator's note is kept at the seat, and goes with the person (privacy: What is kept).
    History(SeatChanged, unkept=("evidence", "note")),
)
