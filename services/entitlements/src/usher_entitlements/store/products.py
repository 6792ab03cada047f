"""The catalogue of products: rows of the operators' tenant, the same for every tenant of the deployment."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT

LIST = text("select product, name, description, version from product where tenant_id = :tenant order by product")
ADD = text("""
    insert into product (tenant_id, product, name, description, version)
    select cast(:tenant as uuid), p.*
    from unnest(cast(:products as text[]), cast(:names as text[]), cast(:descriptions as text[]),
        cast(:versions as bigint[])) as p
    on conflict do nothing
    returning product
""")


@dataclass(frozen=True, slots=True)
class Product:
    """A product that can be licensed; `product` is its word in rules, terms and seats."""

    product: str
    name: str
    description: str
    version: int = 0


async def list_products(conn: AsyncConnection) -> list[Product]:
    """The catalogue; the transaction must see the operators' tenant."""
    return [Product(*row) for row in await conn.execute(LIST, {"tenant": OPERATORS_TENANT})]


async def add_products(conn: AsyncConnection, products: Sequence[Product]) -> set[str]:
    """Add those products that are missing. Returns which were."""
    added = await conn.scalars(
        ADD,
        {
            "tenant": OPERATORS_TENANT,
            "products": [one.product for one in products],
            "names": [one.name for one in products],
            "descriptions": [one.description for one in products],
            "versions": [one.version for one in products],
        },
    )
    return set(added)
