"""/v1/settings: what an organization sets for the notices of its license terms; its units inherit it."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product
from usher_contracts.envelope import OPERATORS_TENANT
from usher_entitlements.domain.notices import ALL_PRODUCTS, NoticeDays, notice_days
from usher_entitlements.store.configurations import lock_for_change
from usher_entitlements.store.lists import find_tenant
from usher_entitlements.store.organizations import load_tree
from usher_entitlements.store.products import list_products
from usher_entitlements.store.settings import load_notice_settings
from usher_entitlements.time_passing import NOTICES
from usher_entitlements.use_cases.settings import set_notice_days
from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, check_match, content_tag
from usher_kit.errors import Invalid, NotFound
from usher_kit.paging import Page
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/settings", tags=["settings"])


def once_each(days: list[int]) -> list[int]:
    return sorted(set(days), reverse=True)


Days = Annotated[list[Annotated[int, Field(ge=1, le=730)]], Field(max_length=20), AfterValidator(once_each)]


class Setting(BaseModel):
    """Days before a term's end at which its notices are told; none in an empty list.

    `set_by` is the organization that set them, null for the default; `for_product` is null where it did so for all.
    """

    org_id: UUID
    product: str
    notice_days: list[int]
    set_by: UUID | None
    for_product: str | None


class NewSetting(BaseModel):
    """For all products without one. `notice_days` null: inherit from the organization above again."""

    model_config = ConfigDict(extra="forbid")

    org_id: UUID
    product: Product | None = None
    notice_days: Days | None


@router.get("")
async def get_settings(
    access: Authorized, response: Response, org_id: Annotated[UUID | None, Query()] = None
) -> Page[Setting]:
    """What is in force at an organization (the caller's own without `org_id`), for each product; the ETag is of all."""
    asked = access.asked(org_id)
    products = await known_products(access)
    async with access.transaction() as conn:
        await access.scope(conn, asked, "org_admin", "reporter")
        found = await in_force(conn, await known_tenant(conn, asked), asked, products)
    response.headers["ETag"] = content_tag(found)
    return found


@router.put("", dependencies=[audited("settings.set")])
async def put_setting(
    new: NewSetting, access: Authorized, runtime: Running, response: Response, if_match: IfMatch = None
) -> Page[Setting]:
    """Set the notices of an organization and its units; terms that are due by it are told of at once."""
    at = runtime.clock.now()
    products = await known_products(access)
    if new.product is not None and new.product not in products:
        raise Invalid(f"There is no product {new.product!r}.", pointer="/product")
    async with access.transaction() as conn:
        await access.scope(conn, new.org_id, "org_admin")
        tenant_id = await known_tenant(conn, new.org_id)
    product = new.product or ALL_PRODUCTS
    async with access.transaction(tenant_id) as conn:
        await lock_for_change(conn, [tenant_id])
        check_match(if_match, content_tag(await in_force(conn, tenant_id, new.org_id, products)))
        before = (await load_notice_settings(conn, [tenant_id])).get((new.org_id, product))
        await set_notice_days(conn, tenant_id, new.org_id, product, new.notice_days, at, access.cause())
        done = Act(
            "settings.set",
            f"{new.org_id}/{product}" if product else str(new.org_id),
            tenant_id,
            new.org_id,
            before={"notice_days": list(before.days) if before else None},
            after={"notice_days": list(new.notice_days) if new.notice_days is not None else None},
        )
        await record(conn, "entitlements", [done], at=at, cause=access.cause(), address=access.address)
        found = await in_force(conn, tenant_id, new.org_id, products)
    runtime.wake(NOTICES.name)
    response.headers["ETag"] = content_tag(found)
    return found


async def in_force(conn: AsyncConnection, tenant_id: UUID, org_id: UUID, products: Sequence[str]) -> Page[Setting]:
    """What holds at an organization, for each product."""
    settings = await load_notice_settings(conn, [tenant_id])
    parents = (await load_tree(conn, [tenant_id])).parents
    return Page(items=[to_answer(org_id, one, notice_days(org_id, one, parents, settings)) for one in products])


async def known_tenant(conn: AsyncConnection, org_id: UUID) -> UUID:
    """The tenant of an organization. Raises NotFound."""
    tenant_id = await find_tenant(conn, org_id)
    if tenant_id is None:
        raise NotFound("No such organization, or it is not yours to see.")
    return tenant_id


async def known_products(access: Access) -> list[str]:
    """The products of the deployment's catalogue."""
    async with access.database.transaction([OPERATORS_TENANT]) as conn:
        return [one.product for one in await list_products(conn)]


def to_answer(org_id: UUID, product: str, found: NoticeDays) -> Setting:
    set_by, for_product = found.set_by or (None, None)
    days = sorted(found.days, reverse=True)
    return Setting(org_id=org_id, product=product, notice_days=days, set_by=set_by, for_product=for_product or None)
