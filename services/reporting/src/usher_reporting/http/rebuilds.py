"""/v1/rebuilds: the read models made anew from what their owners tell again, beside the live ones; for operators."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.errors import Conflict, NotFound
from usher_kit.ids import new_id
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_id, first_page
from usher_kit.runtime import Running, Runtime
from usher_reporting.store.rebuilds import (
    Part,
    Rebuild,
    add_rebuild,
    find_rebuild,
    list_rebuilds,
    load_parts,
    lock_rebuild,
)
from usher_reporting.use_cases.rebuilds import LOOP, give_up

PATH = "/v1/rebuilds"

router = APIRouter(prefix=PATH, tags=["rebuilds"])


class TypeAnswer(BaseModel):
    """Facts of one type: how many are expected by the model of before, how many came, how many their owner told.

    `told` is null before the owner has ended. More may come than were told: what is repeated changes nothing.
    """

    type: str
    expected: int
    arrived: int
    told: int | None


class OwnerAnswer(BaseModel):
    """One service that tells again."""

    service: str
    has_ended: bool
    types: list[TypeAnswer]


class RebuildAnswer(BaseModel):
    """A rebuild: filled by its owners, then exchanged tenant by tenant.

    `corrected` are the rows that were not as they ought to be, over all tenants that were `exchanged` so far.
    """

    id: UUID
    state: Literal["waiting", "filling", "exchanging", "closing", "done", "cancelled", "failed"]
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    owners: list[OwnerAnswer]
    tenants: int
    exchanged: int
    corrected: int
    error: str | None


@router.post("", status_code=status.HTTP_202_ACCEPTED, dependencies=[audited("rebuild.start")])
async def start_rebuild(access: Authorized, runtime: Running, response: Response) -> RebuildAnswer:
    """Make the read models anew. Answers at once; `/v1/rebuilds/{id}` says how far it is. One at a time."""
    access.require_system()
    id_, at = new_id(), runtime.clock.now()
    async with access.transaction(OPERATORS_TENANT) as conn:
        if not await add_rebuild(conn, id_, access.caller.actor, at):
            raise Conflict("A rebuild is going on: wait for its end, or cancel it.")
        await write_down(conn, access, runtime, "rebuild.start", id_)
        answer = await answer_of(conn, id_)
    runtime.wake(LOOP)
    response.headers["Location"] = f"{PATH}/{id_}"
    return answer


@router.get("")
async def get_rebuilds(
    access: Authorized, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
) -> Page[RebuildAnswer]:
    """Rebuilds, the latest first."""
    access.require_system()
    before = decode_id(cursor)
    async with access.transaction(OPERATORS_TENANT) as conn:
        shown, following = first_page(await list_rebuilds(conn, before, limit + 1), limit, lambda one: [one.id])
        parts = await load_parts(conn, [one.id for one in shown])
    return Page(items=[to_answer(one, parts) for one in shown], next_cursor=following)


@router.get("/{rebuild_id}")
async def get_rebuild(access: Authorized, rebuild_id: UUID) -> RebuildAnswer:
    """How far a rebuild is."""
    access.require_system()
    async with access.transaction(OPERATORS_TENANT) as conn:
        return await answer_of(conn, rebuild_id)


@router.post("/{rebuild_id}:cancel", dependencies=[audited("rebuild.cancel")])
async def cancel_rebuild(access: Authorized, runtime: Running, rebuild_id: UUID) -> RebuildAnswer:
    """End a rebuild. The live model stays as it is; tenants that were exchanged stay exchanged."""
    access.require_system()
    async with access.transaction(OPERATORS_TENANT) as conn:
        rebuild = await lock_rebuild(conn, rebuild_id)
        if rebuild is None:
            raise NotFound("No such rebuild.")
        if not await give_up(conn, rebuild, runtime.clock.now()):
            raise Conflict(f"This rebuild is {rebuild.state}: there is nothing left to cancel.")
        await write_down(conn, access, runtime, "rebuild.cancel", rebuild_id)
        answer = await answer_of(conn, rebuild_id)
    runtime.wake(LOOP)
    return answer


async def write_down(conn: AsyncConnection, access: Access, runtime: Runtime, name: str, id_: UUID) -> None:
    act = Act(name, f"rebuild/{id_}", OPERATORS_TENANT)
    await record(conn, "reporting", [act], at=runtime.clock.now(), cause=access.cause(), address=access.address)


async def answer_of(conn: AsyncConnection, id_: UUID) -> RebuildAnswer:
    """A rebuild as it is now. Raises NotFound."""
    rebuild = await find_rebuild(conn, id_)
    if rebuild is None:
        raise NotFound("No such rebuild.")
    return to_answer(rebuild, await load_parts(conn, [id_]))


def to_answer(rebuild: Rebuild, parts: Sequence[Part]) -> RebuildAnswer:
    by_owner: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if part.rebuild_id == rebuild.id:
            by_owner[part.type.split(".")[1]].append(part)
    owners = [
        OwnerAnswer(
            service=service,
            has_ended=all(part.ended_at for part in own),
            types=[TypeAnswer.model_validate(part, from_attributes=True) for part in own],
        )
        for service, own in by_owner.items()
    ]
    return RebuildAnswer(
        id=rebuild.id,
        state=rebuild.state,
        asked_by=rebuild.asked_by,
        asked_at=rebuild.asked_at,
        started_at=rebuild.started_at,
        finished_at=rebuild.finished_at,
        owners=owners,
        tenants=rebuild.tenants,
        exchanged=rebuild.exchanged,
        corrected=rebuild.corrected,
        error=rebuild.error,
    )
