"""/v1/change-sets: what the guard on mass loss holds, and deciding on it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.change_sets import ChangeSet, RowState
from usher_identity.http.acts import act_of
from usher_identity.http.people import RoleName, StatusName
from usher_identity.importing.deciding import AT_ONCE, do_batches
from usher_identity.store.change_sets import count_rows, list_change_sets, load_change_sets
from usher_identity.store.held_changes import show_rows
from usher_identity.use_cases.change_sets import decide_on
from usher_kit.access import Access, Authorized
from usher_kit.audit import audited
from usher_kit.conditional import IfMatch, check_match, etag
from usher_kit.errors import NotFound
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, decode_id, first_page
from usher_kit.runtime import Running

LOOP = "decided changes"

StateName = Literal["held", "approved", "rejected", "stale"]

router = APIRouter(prefix="/v1/change-sets", tags=["change sets"])


class PeopleCounts(BaseModel):
    """How many people's changes are in which state."""

    held: int = 0
    approved: int = 0
    rejected: int = 0
    stale: int = 0


class ChangeSetAnswer(BaseModel):
    """What is held of one job in one organization and its units, and by which figures it was too much.

    `stale`: a newer import of the source has overtaken all that was held.
    """

    id: UUID
    tenant_id: UUID
    org_id: UUID
    source: str
    kind: Literal["import", "bulk", "upstream"]
    job_id: UUID
    state: StateName
    share_percent: int
    of_people: int
    would_deactivate: int
    would_remove_roles: int
    people: PeopleCounts
    created_at: datetime
    version: int


class HeldChangeAnswer(BaseModel):
    """What one person would lose. `status` is what they would become, null where they stay what they are."""

    user_id: UUID
    user_name: str | None
    display_name: str | None
    org_id: UUID
    status: StatusName | None
    remove_roles: list[RoleName]
    state: StateName
    decided_by: str | None
    decided_at: datetime | None


class ChangeSetPage(ChangeSetAnswer):
    """A set with a page of its rows."""

    items: list[HeldChangeAnswer]
    next_cursor: str | None


class DecisionRequest(BaseModel):
    """Whom it is about; without `user_ids` everybody of whom anything is still held."""

    model_config = ConfigDict(extra="forbid")

    user_ids: Annotated[list[UUID], Field(min_length=1, max_length=100_000)] | None = None


@router.get("")
async def list_sets(
    access: Authorized,
    org_id: UUID | None = None,
    state: Annotated[StateName | Literal["all"], Query(description="`all` for every one")] = "held",
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[ChangeSetAnswer]:
    """Change sets of an organization and its units, the latest first: those that still hold something."""
    before = decode_id(cursor)
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin")
        asked = None if state == "all" else state
        found = await list_change_sets(conn, scope.tenants, scope.units, asked, before, limit + 1)
        counts = await count_rows(conn, [one.id for one in found[:limit]])
    shown, following = first_page(found, limit, lambda row: [row.id])
    items = [to_answer(one, counts.get(one.id, {})) for one in shown]
    return Page(items=items, next_cursor=following)


@router.get("/{set_id}")
async def get_set(
    access: Authorized,
    response: Response,
    set_id: UUID,
    state: Annotated[StateName | None, Query(description="Only rows in this state")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> ChangeSetPage:
    """A set, and a page of the people of whom it holds something."""
    after = decode_cursor(cursor, 2)
    async with access.transaction() as conn:
        one = await set_for(access, conn, set_id)
        counts = await count_rows(conn, [set_id])
        rows = await show_rows(conn, set_id, state, after, limit + 1)
    shown, following = first_page(rows, limit, lambda row: [row.person_id, row.ref])
    response.headers["ETag"] = etag(one.version)
    answer = to_answer(one, counts.get(set_id, {}))
    return ChangeSetPage(**answer.model_dump(), items=[to_row(row) for row in shown], next_cursor=following)


@router.post("/{set_id}:approve", dependencies=[audited("change_set.approve")])
async def approve(
    access: Authorized,
    runtime: Running,
    response: Response,
    set_id: UUID,
    body: DecisionRequest | None = None,
    if_match: IfMatch = None,
) -> ChangeSetAnswer:
    """Have what is held done, as if it came now. What can no longer be is left out, as `stale`."""
    return await decided(access, runtime, response, set_id, body, RowState.APPROVED, if_match)


@router.post("/{set_id}:reject", dependencies=[audited("change_set.reject")])
async def reject(
    access: Authorized,
    runtime: Running,
    response: Response,
    set_id: UUID,
    body: DecisionRequest | None = None,
    if_match: IfMatch = None,
) -> ChangeSetAnswer:
    """Have what is held not done: people keep what they have, also when the source says the same again."""
    return await decided(access, runtime, response, set_id, body, RowState.REJECTED, if_match)


async def decided(
    access: Access,
    runtime: Running,
    response: Response,
    set_id: UUID,
    body: DecisionRequest | None,
    verdict: RowState,
    if_match: str | None,
) -> ChangeSetAnswer:
    """Write the verdict down, then do it: the first of it before the answer, what is more behind it."""
    people = body.user_ids if body else None
    act = act_of(access, runtime)
    async with access.transaction() as conn:
        await set_for(access, conn, set_id)
        one = await decide_on(
            conn, set_id, people, verdict, act, lambda it: check_match(if_match, etag(it.version)), access.address
        )
    await do_batches(runtime, one.tenant_id, set_id, AT_ONCE)
    runtime.wake(LOOP)
    async with access.transaction() as conn:
        counts = await count_rows(conn, [set_id])
    response.headers["ETag"] = etag(one.version)
    return to_answer(one, counts.get(set_id, {}))


async def set_for(access: Access, conn: AsyncConnection, set_id: UUID) -> ChangeSet:
    """A set of an organization that the caller administers. Raises NotFound or Forbidden."""
    found = (await load_change_sets(conn, [set_id])).get(set_id)
    if not await access.sees(conn, found.org_id if found else None, "org_admin") or found is None:
        raise NotFound("No such change set, or it is not yours to see.")
    return found


def to_answer(one: ChangeSet, people: Mapping[str, int]) -> ChangeSetAnswer:
    return ChangeSetAnswer.model_validate(
        {**{name: getattr(one, name) for name in ChangeSet.__slots__}, "people": dict(people)}
    )


def to_row(row: Row[Any]) -> HeldChangeAnswer:
    return HeldChangeAnswer(
        user_id=row.person_id,
        user_name=row.user_name,
        display_name=row.display_name,
        org_id=row.org_id,
        status=row.status,
        remove_roles=row.roles.split(",") if row.roles else [],
        state=row.state,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
