"""/v1/grant-rules: which roles call for which product in a tenant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product
from usher_contracts.envelope import OPERATORS_TENANT
from usher_contracts.identity import Role
from usher_entitlements.domain.grants import GrantRule, RuleRow, rule_id
from usher_entitlements.http.outcomes import NOT_NEEDED, SHOWN, Outcome, to_outcome
from usher_entitlements.store.configurations import load_rule_rows, lock_for_change
from usher_entitlements.store.lists import find_tenant
from usher_entitlements.store.products import list_products
from usher_entitlements.store.reevaluations import find_progress
from usher_entitlements.tables import METADATA
from usher_entitlements.time_passing import follow_change
from usher_entitlements.use_cases.grant_rules import set_rules
from usher_entitlements.use_cases.simulate import Changes, suppose
from usher_kit.access import Access, Authorized, units_below
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, check_match, etag
from usher_kit.errors import Forbidden, Invalid, NotFound
from usher_kit.machines import scoped
from usher_kit.paging import Page
from usher_kit.rehearsal import rehearsal
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/grant-rules", tags=["grant rules"])


class Rule(BaseModel):
    """`since` is null for a rule that has always held; `active` is false for one that no longer does.

    `is_default` says that the tenant has set no rules of its own, so that the product's default ones hold.
    """

    id: UUID
    role: str
    product: str
    priority: int
    active: bool
    since: datetime | None
    is_default: bool
    version: int


class WantedRule(BaseModel):
    """A role that is to call for a product; people of a lower priority go first in line."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    product: Product
    priority: Annotated[int, Field(ge=-1_000, le=1_000)] = 0


class WantedRules(BaseModel):
    """All of a tenant's rules; what is not among them holds no longer."""

    model_config = ConfigDict(extra="forbid")

    rules: Annotated[list[WantedRule], Field(max_length=500)]


@router.get("", dependencies=[scoped("licenses:read")])
async def get_rules(access: Authorized, response: Response, org_id: UUID | None = None) -> Page[Rule]:
    """The rules of an organization's tenant (the caller's own without `org_id`), with the ETag of all of them."""
    async with access.transaction() as conn:
        tenant_id = await tenant_of(conn, access, org_id)
        rows = (await load_rule_rows(conn, [tenant_id]))[tenant_id]
    response.headers["ETag"] = tag_of(rows)
    return to_page(tenant_id, rows)


class Progress(BaseModel):
    """How far the people are decided about whom the last change of the rules concerns; over when `done` is `people`.

    `estimated_end` is null before the first are done, and once it is over; everything is where no rule ever changed.
    """

    config_version: int | None = None
    people: int = 0
    done: int = 0
    started_at: datetime | None = None
    estimated_end: datetime | None = None


@router.get("/progress")
async def get_progress(access: Authorized, runtime: Running, org_id: UUID | None = None) -> Progress:
    """How far the last change of a tenant's rules has come."""
    async with access.transaction() as conn:
        access.require_role("org_admin", "reporter")
        tenant_id = await tenant_of(conn, access, org_id)
        found = await find_progress(conn, tenant_id)
    if found is None:
        return Progress()
    return Progress(
        config_version=found.config_version,
        people=found.people,
        done=found.done,
        started_at=found.started_at,
        estimated_end=found.ends_at(runtime.clock.now()),
    )


DryRun = Annotated[bool, Query(description="Say what it would do to seats, and do nothing")]


@router.put("", dependencies=[audited("grant_rules.set")])
async def put_rules(
    wanted: WantedRules,
    access: Authorized,
    runtime: Running,
    response: Response,
    org_id: UUID | None = None,
    dry_run: DryRun = False,
    if_match: IfMatch = None,
) -> Page[Rule] | Outcome:
    """Set the rules of an organization's tenant. Its people are decided about anew, in order of place, beside all else.

    Only for who administers the whole tenant, or a system administrator. A dry run answers who would gain, keep, lose
    or await a seat; otherwise `/v1/grant-rules/progress` tells how far it is.
    """
    rules = [GrantRule(rule.role, rule.product, rule.priority) for rule in wanted.rules]
    check_unique(rules)
    at = runtime.clock.now()
    async with access.transaction() as conn:
        access.require_role("org_admin")
        tenant_id = await tenant_of(conn, access, org_id)
        await access.scope(conn, tenant_id, "org_admin")
    if tenant_id == OPERATORS_TENANT:
        raise Forbidden("The operators' tenant has no license terms, so it needs no rules.")
    async with access.database.transaction([OPERATORS_TENANT]) as conn:
        check_products(rules, {one.product for one in await list_products(conn)})
    if dry_run:
        return await rehearse(access, tenant_id, rules, if_match, at)
    async with access.transaction(tenant_id) as conn:
        await lock_for_change(conn, [tenant_id])
        before = (await load_rule_rows(conn, [tenant_id]))[tenant_id]
        check_match(if_match, tag_of(before))
        await set_rules(conn, tenant_id, rules, at, access.cause())
        after = (await load_rule_rows(conn, [tenant_id]))[tenant_id]
        act = Act("grant_rules.set", str(tenant_id), tenant_id, tenant_id, to_audit(before), to_audit(after))
        done = [act] if act.before != act.after else []
        await record(conn, "entitlements", done, at=at, cause=access.cause(), address=access.address)
    follow_change(runtime)
    response.headers["ETag"] = tag_of(after)
    return to_page(tenant_id, after)


async def rehearse(
    access: Access, tenant_id: UUID, rules: Sequence[GrantRule], if_match: str | None, at: datetime
) -> Outcome:
    """What these rules would do, by the act itself on a private copy."""
    async with rehearsal(access.database, METADATA, [tenant_id], empty=NOT_NEEDED) as conn:
        check_match(if_match, tag_of((await load_rule_rows(conn, [tenant_id]))[tenant_id]))
        await suppose(conn, tenant_id, Changes(rules=rules), at)
        return await to_outcome(conn, [], None, SHOWN, at)


async def tenant_of(conn: AsyncConnection, access: Access, org_id: UUID | None) -> UUID:
    """The tenant that is asked about. Raises NotFound where the caller can't see it, Invalid where none is named."""
    tenant_id = await find_tenant(conn, org_id) if org_id else access.caller.tenant_id
    own = await units_below(conn, access.caller.org_id) if access.caller.org_id else []
    is_seen = access.caller.is_system or org_id in {None, tenant_id, *(unit for _, unit in own)}
    if org_id and (tenant_id is None or not is_seen):
        raise NotFound("No such organization, or it is not yours to see.")
    if tenant_id is None:
        raise Invalid("Say of which organization: org_id=….", pointer="/org_id")
    return tenant_id


def check_unique(rules: Sequence[GrantRule]) -> None:
    seen: set[tuple[str, str]] = set()
    for place, rule in enumerate(rules):
        if (rule.role, rule.product) in seen:
            raise Invalid(f"{rule.role} and {rule.product} come twice.", pointer=f"/rules/{place}")
        seen.add((rule.role, rule.product))


def check_products(rules: Sequence[GrantRule], known: set[str]) -> None:
    for place, rule in enumerate(rules):
        if rule.product not in known:
            raise Invalid(f"There is no product {rule.product!r}.", pointer=f"/rules/{place}/product")


def tag_of(rows: Sequence[RuleRow]) -> str:
    """The tag of a tenant's rules: no row goes and every change raises a version, so that the sum names the state."""
    return etag(sum(row.version for row in rows))


def to_page(tenant_id: UUID, rows: Sequence[RuleRow]) -> Page[Rule]:
    return Page(
        items=[
            Rule(
                id=rule_id(tenant_id, row.rule.role, row.rule.product),
                role=row.rule.role,
                product=row.rule.product,
                priority=row.rule.priority,
                active=row.active,
                since=row.rule.since,
                is_default=row.version == 0,
                version=row.version,
            )
            for row in rows
        ]
    )


def to_audit(rows: Sequence[RuleRow]) -> dict[str, int]:
    """The rules that hold, as `role/product` with their priority."""
    return {f"{row.rule.role}/{row.rule.product}": row.rule.priority for row in rows if row.active}
