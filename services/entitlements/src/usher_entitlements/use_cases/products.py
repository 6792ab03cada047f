"""Products added to the deployment's catalogue."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import ProductChanged
from usher_contracts.envelope import OPERATORS_TENANT, Cause
from usher_entitlements.store.products import Product, add_products
from usher_entitlements.use_cases.messages import to_event
from usher_kit import outbox
from usher_kit.versions import epoch_of, in_epoch

FIRST_PRODUCTS: Sequence[Product] = (
    Product("learn", "Learn", "Professional-development content"),
    Product("observe", "Observe", "Classroom observation"),
)
"""What a deployment's catalogue starts with (seats: Words)."""


async def extend_catalogue(
    conn: AsyncConnection, products: Sequence[Product], at: datetime, cause: Cause
) -> list[Product]:
    """Add the products that are missing, and tell them. Returns those that were."""
    first = in_epoch(1, epoch_of(conn))
    missing = await add_products(conn, [replace(one, version=first) for one in products])
    added = [replace(one, version=first) for one in products if one.product in missing]
    await outbox.add(conn, [to_event(product_changed(one), at, cause) for one in added])
    return added


def product_changed(product: Product) -> ProductChanged:
    """`product.changed`."""
    return ProductChanged(
        tenant_id=OPERATORS_TENANT,
        version=product.version,
        product=product.product,
        name=product.name,
        description=product.description,
    )
