"""/v1/audit/…: the log itself, for verification: its entries, batches and signed checkpoints, and the public keys.

Whoever may see a tenant whole may verify its log: a system administrator, and the root's administrators and reporters.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.audit_log.chain import Batch, Extent, Signed
from usher_kit.audit_log.documents import Listing
from usher_kit.audit_log.verification import Line
from usher_kit.errors import Conflict, Invalid, NotFound
from usher_kit.machines import scoped
from usher_kit.paging import CursorParameter, Page, encode_cursor
from usher_kit.runtime import Running
from usher_reporting.http.places import NUMBER, place_in
from usher_reporting.http.reach import reach_of
from usher_reporting.store.audit_log import (
    load_ends,
    read_batches,
    read_chain,
    read_checkpoints,
    read_latest_checkpoints,
)
from usher_reporting.use_cases.audit_log import sign_ends

T = TypeVar("T")
Read = Callable[[AsyncConnection, UUID, int, int], Awaitable[Sequence[RowMapping]]]

TenantParameter = Annotated[UUID | None, Query(description="Whose log; the caller's own tenant's without it")]
LONG_LIMIT = 1_000
LISTED = [field.name for field in fields(Listing)]

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of whose log is asked for."""

    tenant_id: TenantParameter = None
    after: Annotated[int, Query(ge=0, lt=2**63, description="Begin after this position or number")] = 0
    limit: Annotated[int, Query(ge=1, le=5_000, description="Items on a page")] = LONG_LIMIT
    cursor: CursorParameter = None


Asked = Annotated[Part, Depends()]


class Keys(BaseModel):
    """The public keys of checkpoints, as JWKs; and how many batches there are at most from one to the next."""

    keys: list[dict[str, Any]]
    checkpoint_batches: int


class CheckpointRequest(BaseModel):
    """Of which log a checkpoint is wanted; of all that the caller may see without a tenant."""

    model_config = ConfigDict(extra="forbid")

    tenant_id: UUID | None = None


@router.get("/keys")
async def keys(runtime: Running) -> Keys:
    """What checkpoints are checked by; no keys where the log is not signed. Everybody may know."""
    signer = runtime.settings.signer()
    return Keys(keys=signer.keys if signer else [], checkpoint_batches=runtime.settings.audit_checkpoint_batches)


@router.get("/logs", dependencies=[scoped("audit:read")])
async def logs(access: Authorized, tenant_id: TenantParameter = None) -> Page[Extent]:
    """The logs that the caller may verify, and how long each is now."""
    tenants = await tenants_of(access, tenant_id)
    async with access.transaction(tenant_id) as conn:
        ends = await load_ends(conn, tenants)
    items = [
        Extent(tenant_id=tenant, entries=end.head.entries, batches=end.head.batches, checkpoints=end.checkpoints)
        for tenant, end in ends.items()
    ]
    return Page(items=items)


@router.get("/chain", dependencies=[scoped("audit:read")])
async def chain(access: Authorized, part: Asked) -> Page[Line]:
    """A tenant's entries in the order of the log."""
    return await page_of(access, part, read_chain, to_line, "position")


@router.get("/batches", dependencies=[scoped("audit:read")])
async def batches(access: Authorized, part: Asked) -> Page[Batch]:
    """A tenant's batches in the order of the log."""
    return await page_of(access, part, read_batches, lambda row: Batch(**row), "number")


@router.get("/checkpoints", dependencies=[scoped("audit:read")])
async def checkpoints(access: Authorized, part: Asked) -> Page[Signed]:
    """A tenant's checkpoints, the oldest first."""
    return await page_of(access, part, read_checkpoints, lambda row: Signed(**row), "number")


@router.post("/checkpoints", dependencies=[audited("audit.checkpoint")])
async def make_checkpoints(access: Authorized, runtime: Running, asked: CheckpointRequest) -> Page[Signed]:
    """Sign each log whose end no checkpoint covers yet. Answers the latest checkpoint of each."""
    signer = runtime.settings.signer()
    if signer is None:
        raise Conflict("There is no key to sign by: set USHER_AUDIT_SIGNING_KEY at reporting.")
    tenants, at = await tenants_of(access, asked.tenant_id), runtime.clock.now()
    async with access.transaction(asked.tenant_id) as conn:
        made = await sign_ends(conn, signer, tenants, at)
        acts = [to_act(row) for row in made]
        await record(conn, "reporting", acts, at=at, cause=access.cause(), address=access.address)
        latest = await read_latest_checkpoints(conn, tenants)
    return Page(items=[Signed(**row) for row in latest])


def to_line(row: RowMapping) -> Line:
    listing = Listing(**{name: row[name] for name in LISTED})
    return Line(row["position"], row["document"], row["hash"], listing)


def to_act(checkpoint: Mapping[str, Any]) -> Act:
    after = {"entries": checkpoint["entries"], "batches": checkpoint["batches"]}
    return Act("audit.checkpoint", f"checkpoint/{checkpoint['number']}", checkpoint["tenant_id"], after=after)


async def tenants_of(access: Access, tenant_id: UUID | None) -> list[UUID]:
    """The tenants, or the one, whose logs the caller may see whole. Raises Forbidden or NotFound without the right."""
    if access.caller.is_system:
        return [tenant_id] if tenant_id else await access.database.all_tenants()
    async with access.transaction(tenant_id) as conn:
        reach = await reach_of(access, conn, tenant_id)
    if reach.units is not None:
        raise NotFound("Only who sees a tenant whole may verify its log: ask with a token of its root's administrator.")
    return list(reach.tenants)


async def page_of(access: Access, part: Part, read: Read, to_answer: Callable[[RowMapping], T], place: str) -> Page[T]:
    """A page of one tenant's log, which is in the order of the column `place`.

    Raises Invalid for a system administrator who names no tenant.
    """
    tenants = await tenants_of(access, part.tenant_id)
    if len(tenants) != 1:
        raise Invalid("Say whose log: tenant_id=…; /v1/audit/logs lists them.", pointer="/tenant_id")
    begin = place_in(part.cursor, NUMBER, 1) or (part.after,)
    async with access.transaction(tenants[0]) as conn:
        found = await read(conn, tenants[0], begin[0], part.limit + 1)
    following = encode_cursor([found[part.limit - 1][place]]) if len(found) > part.limit else None
    return Page(items=[to_answer(row) for row in found[: part.limit]], next_cursor=following)
