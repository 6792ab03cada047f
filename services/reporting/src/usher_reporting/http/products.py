"""The products of the catalogue."""

from fastapi import APIRouter
from pydantic import BaseModel

from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import Page
from usher_reporting.domain.dashboard import catalogue
from usher_reporting.http.reach import OrganizationParameter, reach_of
from usher_reporting.store.figures import load_product_names

router = APIRouter(tags=["products"])


class CatalogueProduct(BaseModel):
    product: str
    name: str


@router.get("/v1/products", dependencies=[scoped("reports:read")])
async def products(access: Authorized, org_id: OrganizationParameter = None) -> Page[CatalogueProduct]:
    """The products of the tenants that the caller may see, in the order in which a dashboard shows them."""
    async with access.transaction() as conn:
        reach = await reach_of(access, conn, org_id)
        names = catalogue(await load_product_names(conn, reach.tenants))
    return Page(items=[CatalogueProduct(product=product, name=name) for product, name in names.items()])
