"""/v1/check: may this person use this product now? Asked by the products themselves, at every entry."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from usher_contracts.entitlements import Product
from usher_entitlements.store.lists import check
from usher_kit.access import Access, Authorized
from usher_kit.errors import NotFound
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1", tags=["check"])

CHECK_SCOPE = "check"
"""The scope of a product's client: it may check, and nothing else."""


class Answer(BaseModel):
    """`until` is when the use ends unless the license is renewed; null where it is not allowed."""

    user_id: UUID
    product: str
    allowed: bool
    state: str
    until: datetime | None


@router.get("/check")
async def check_use(
    access: Authorized, runtime: Running, user_id: UUID, product: Annotated[Product, Query()]
) -> Answer:
    """Whether the person may use the product now, by the license's dates too: a late passage of time allows nothing."""
    tenants = await readable_tenants(access)
    async with access.database.transaction(tenants) as conn:
        found = await check(conn, user_id, product)
        if CHECK_SCOPE not in access.caller.scopes and user_id != access.caller.user_id:
            scope = await access.scope(conn, None, "org_admin")
            if found is not None and not scope.sees(found.org_id):
                raise NotFound("No such person, or not yours to see.")
    state = str(found.state) if found is not None and found.state is not None else "none"
    until = found.usable_until if found is not None and state == "assigned" else None
    allowed = until is not None and runtime.clock.now() < until
    return Answer(user_id=user_id, product=product, allowed=allowed, state=state, until=until if allowed else None)


async def readable_tenants(access: Access) -> list[UUID]:
    """A product's client may check people of any tenant; everybody else those of their own."""
    if access.caller.is_system or CHECK_SCOPE in access.caller.scopes:
        return await access.database.all_tenants()
    return [access.caller.tenant_id] if access.caller.tenant_id else []
