"""/v1/policies: after how many days without a login a holder is warned, is inactive, and loses the seat."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from usher_contracts.entitlements import Product
from usher_kit.access import Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, check_match, content_tag
from usher_kit.errors import Invalid
from usher_kit.machines import scoped
from usher_kit.paging import Page
from usher_kit.runtime import Running
from usher_usage.domain.policies import Policy
from usher_usage.domain.units import Units
from usher_usage.store.locking import lock_configuration
from usher_usage.store.policies import products_of
from usher_usage.store.units import load_units
from usher_usage.time_passing import JUDGE_DUE
from usher_usage.use_cases.activity import set_policy

router = APIRouter(prefix="/v1", tags=["policies"])

Days = Annotated[int, Field(ge=1, le=3_650)]


class PolicyInForce(BaseModel):
    """Days without a login, in the organization's time zone and without its breaks.

    After `window_days` a holder is inactive, after `warn_days` warned, after `reclaim_days` the seat is taken back;
    null is never. `keep_days` is how long a seat is kept for who asks for it. `set_at` is the organization that set
    all this; null where the defaults hold.
    """

    org_id: UUID
    product: str
    window_days: int
    warn_days: int | None
    reclaim_days: int | None
    keep_days: int
    set_at: UUID | None


class PolicyChange(BaseModel):
    """A window of null inherits the whole policy again: from the nearest organization above that sets one.

    A warning comes before inactivity, a reclaim after it. `keep_days` is the window where it is null.
    """

    org_id: UUID
    product: Product
    window_days: Days | None
    warn_days: Days | None = None
    reclaim_days: Days | None = None
    keep_days: Days | None = None


@router.get("/policies", dependencies=[scoped("usage:read")])
async def list_policies(
    access: Authorized,
    response: Response,
    org_id: UUID | None = None,
    product: Annotated[Product | None, Query()] = None,
) -> Page[PolicyInForce]:
    """The policies in force at an organization (the caller's own without `org_id`), product by product.

    Asked for one `product`, the answer has its ETag, by which a change of it can be guarded.
    """
    asked = access.asked(org_id)
    async with access.transaction() as conn:
        scope = await access.scope(conn, asked, "org_admin", "reporter")
        units = await load_units(conn, [(scope.tenants[0], asked)])
        products = {product} if product else {*await products_of(conn, scope.tenants[0]), *products_set(units)}
    found = [in_force(asked, name, units) for name in sorted(products)]
    if product:
        response.headers["ETag"] = content_tag(found[0])
    return Page(items=found)


@router.put("/policies", dependencies=[audited("policy.set")])
async def put_policy(
    change: PolicyChange, access: Authorized, runtime: Running, response: Response, if_match: IfMatch = None
) -> PolicyInForce:
    """Set the policy of a product at an organization and, where they set none of their own, its units."""
    policy = read_policy(change)
    async with access.transaction() as conn:
        scope = await access.scope(conn, change.org_id, "org_admin")
        [tenant] = scope.tenants
        at, org = runtime.clock.now(), (tenant, change.org_id)
        await lock_configuration(conn, [tenant])
        before = in_force(change.org_id, change.product, await load_units(conn, [org]))
        check_match(if_match, content_tag(before))
        await set_policy(conn, tenant, change.org_id, change.product, policy, at)
        after = in_force(change.org_id, change.product, await load_units(conn, [org]))
        done = [to_act(tenant, before, after)] if before != after else []
        await record(conn, "usage", done, at=at, cause=access.cause(), address=access.address)
    runtime.wake(JUDGE_DUE.name)
    response.headers["ETag"] = content_tag(after)
    return after


def read_policy(change: PolicyChange) -> Policy | None:
    """The policy that is asked for; None to inherit it. Raises Invalid for one that contradicts itself."""
    if change.window_days is None:
        if change.warn_days or change.reclaim_days or change.keep_days:
            reason = "A policy is inherited whole: give window_days too, or no days at all."
            raise Invalid(reason, pointer="/window_days")
        return None
    policy = Policy(change.window_days, change.warn_days, change.reclaim_days, change.keep_days)
    if flaw := policy.find_flaw():
        name, reason = flaw
        raise Invalid(f"{reason} Choose days with warning < window < reclaim.", pointer=f"/{name}")
    return policy


def to_act(tenant_id: UUID, before: PolicyInForce, after: PolicyInForce) -> Act:
    """What is written down of a change of policy."""
    target = f"{after.org_id}/{after.product}"
    was, now = (policy.model_dump(mode="json", exclude={"org_id", "product"}) for policy in (before, after))
    return Act("policy.set", target, tenant_id, after.org_id, before=was, after=now)


def in_force(org_id: UUID, product: str, units: Units) -> PolicyInForce:
    """The policy that was set for the product, or the default."""
    rules = units.rules(org_id, product)
    policy = rules.policy
    return PolicyInForce(
        org_id=org_id,
        product=product,
        window_days=policy.window_days,
        warn_days=policy.warn_days,
        reclaim_days=policy.reclaim_days,
        keep_days=policy.days_kept,
        set_at=rules.policy_set_at,
    )


def products_set(units: Units) -> set[str]:
    return {product for unit in units.units.values() for product in unit.policies}
