"""/v1/policies: after how many days without a login the holder of a seat is inactive, for each unit and product."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from usher_contracts.entitlements import Product
from usher_kit.access import Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, check_match, content_tag
from usher_kit.errors import Invalid
from usher_kit.paging import Page
from usher_kit.runtime import Running
from usher_usage.domain.activity import DEFAULT_WINDOW_DAYS
from usher_usage.store.locking import lock_configuration
from usher_usage.store.policies import Policy, load_policies, products_of
from usher_usage.time_passing import JUDGE_DUE
from usher_usage.use_cases import set_window

router = APIRouter(prefix="/v1", tags=["policies"])


class PolicyInForce(BaseModel):
    """`set_at` is the organization that set the window; null where none did and the default holds."""

    org_id: UUID
    product: str
    window_days: int
    set_at: UUID | None


class PolicyChange(BaseModel):
    """A window of null is inherited again: from the nearest organization above that sets one, else the default."""

    org_id: UUID
    product: Product
    window_days: Annotated[int, Field(ge=1, le=3_650)] | None


@router.get("/policies")
async def list_policies(
    access: Authorized,
    response: Response,
    org_id: UUID | None = None,
    product: Annotated[Product | None, Query()] = None,
) -> Page[PolicyInForce]:
    """The windows in force at an organization (the caller's own without `org_id`), product by product.

    Asked for one `product`, the answer has its ETag, by which a change of it can be guarded.
    """
    asked = org_id or access.caller.org_id
    if asked is None:
        raise Invalid("Say of which organization: org_id=….", pointer="/org_id")
    async with access.transaction() as conn:
        scope = await access.scope(conn, asked, "org_admin", "reporter")
        set_windows = await load_policies(conn, [asked])
        products = {product} if product else {*await products_of(conn, scope.tenants[0]), *names(set_windows)}
    found = [in_force(asked, name, set_windows) for name in sorted(products)]
    if product:
        response.headers["ETag"] = content_tag(found[0])
    return Page(items=found)


@router.put("/policies", dependencies=[audited("policy.set")])
async def set_policy(
    change: PolicyChange, access: Authorized, runtime: Running, response: Response, if_match: IfMatch = None
) -> PolicyInForce:
    """Set the window of a product at an organization and, where they set none of their own, its units."""
    async with access.transaction() as conn:
        scope = await access.scope(conn, change.org_id, "org_admin")
        [tenant] = scope.tenants
        at = runtime.clock.now()
        await lock_configuration(conn, [tenant])
        before = in_force(change.org_id, change.product, await load_policies(conn, [change.org_id]))
        check_match(if_match, content_tag(before))
        await set_window(conn, tenant, change.org_id, change.product, change.window_days, at)
        after = in_force(change.org_id, change.product, await load_policies(conn, [change.org_id]))
        done = [to_act(tenant, before, after)] if before != after else []
        await record(conn, "usage", done, at=at, cause=access.cause(), address=access.address)
    runtime.wake(JUDGE_DUE.name)
    response.headers["ETag"] = content_tag(after)
    return after


def to_act(tenant_id: UUID, before: PolicyInForce, after: PolicyInForce) -> Act:
    """What is written down of a change of policy."""
    target = f"{after.org_id}/{after.product}"
    was, now = (policy.model_dump(mode="json", include={"window_days", "set_at"}) for policy in (before, after))
    return Act("policy.set", target, tenant_id, after.org_id, before=was, after=now)


def in_force(org_id: UUID, product: str, set_windows: list[Policy]) -> PolicyInForce:
    """The window that was set for the product, or the default."""
    for policy in set_windows:
        if policy.product == product:
            return PolicyInForce(org_id=org_id, product=product, window_days=policy.window_days, set_at=policy.set_at)
    return PolicyInForce(org_id=org_id, product=product, window_days=DEFAULT_WINDOW_DAYS, set_at=None)


def names(policies: list[Policy]) -> set[str]:
    return {policy.product for policy in policies}
