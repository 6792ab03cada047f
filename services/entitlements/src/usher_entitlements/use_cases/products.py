"""Products added to the deployment's catalogue."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import ProductChanged
from usher_contracts.envelope import OPERATORS_TENANT, Cause
from usher_entitlements.store.products import Product, add_products
from usher_entitlements.use_cases.messages import to_event
from usher_kit import outbox

FIRST_PRODUCTS: Sequence[Product] = (
    Product("learn", "Learn", "Professional-development content"),
    Product("observe", "Observe", "Classroom observation"),
)
"""What a deployment's catalogue starts with (seats: Words)."""


async def extend_catalogue(conn: AsyncConnection, products: Sequence[Product], at: datetime, cause: Cause) -> set[str]:
    """Add the products that are missing, and tell them. Returns which were."""
    added = await add_products(conn, products)
    facts = [
        ProductChanged(
            tenant_id=OPERATORS_TENANT, version=1, product=one.product, name=one.name, description=one.description
        )
        for one in products
        if one.product in added
    ]
    await outbox.add(conn, [to_event(fact, at, cause) for fact in facts])
    return added
