"""/v1/products: the catalogue of the deployment."""

from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel, ConfigDict, StringConstraints

from usher_contracts.entitlements import Product as ProductWord
from usher_contracts.envelope import OPERATORS_TENANT
from usher_entitlements.store import products
from usher_entitlements.use_cases.products import extend_catalogue
from usher_kit.access import Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.errors import Conflict
from usher_kit.machines import scoped
from usher_kit.paging import Page
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/products", tags=["products"])


class Product(BaseModel):
    """A product that can be licensed; `product` is its word in rules, terms and seats."""

    model_config = ConfigDict(from_attributes=True)

    product: str
    name: str
    description: str
    version: int


class NewProduct(BaseModel):
    """A further product. No role calls for it until a tenant's grant rules say so."""

    model_config = ConfigDict(extra="forbid")

    product: ProductWord
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    description: Annotated[str, StringConstraints(max_length=500)] = ""


@router.get("", dependencies=[scoped("licenses:read")])
async def list_products(access: Authorized) -> Page[Product]:
    """The whole catalogue: who may sign in may see it."""
    async with access.database.transaction([OPERATORS_TENANT]) as conn:
        return Page(items=[Product.model_validate(one) for one in await products.list_products(conn)])


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[audited("product.add")])
async def add_product(new: NewProduct, access: Authorized, runtime: Running) -> Product:
    """Add a product to the catalogue; for system administrators."""
    access.require_system()
    at = runtime.clock.now()
    fresh = products.Product(new.product, new.name, new.description)
    async with access.database.transaction([OPERATORS_TENANT]) as conn:
        added = await extend_catalogue(conn, [fresh], at, access.cause())
        if not added:
            raise Conflict(f"There is a product {new.product!r} already.")
        act = Act("product.add", new.product, OPERATORS_TENANT, after={"name": new.name})
        await record(conn, "entitlements", [act], at=at, cause=access.cause(), address=access.address)
    return Product.model_validate(added[0])
