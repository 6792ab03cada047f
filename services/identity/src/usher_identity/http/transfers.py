"""/v1/transfers: what is asked of an organization's people or for it, and deciding on it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.refusals import Refusal
from usher_identity.domain.transfers import Direction, Sides, Verdict, sides_of
from usher_identity.http.acts import act_of
from usher_identity.http.people import RoleName
from usher_identity.http.users import UserName
from usher_identity.store.transfers import Shown, find_transfer, list_transfers
from usher_identity.use_cases.deciding_transfers import Decision, decide_on
from usher_identity.use_cases.recording_transfers import Doing
from usher_kit.access import Access, Authorized
from usher_kit.audit import audited
from usher_kit.conditional import IfMatch, check_match, etag
from usher_kit.errors import NotFound
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_id, first_page
from usher_kit.runtime import Running, Runtime

router = APIRouter(prefix="/v1/transfers", tags=["transfers"])

StateName = Literal["asked", "approved", "rejected", "withdrawn", "lapsed"]
Answer = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class TransferAnswer(BaseModel):
    """A transfer, as the caller may see it: what is not theirs to see is null.

    Between two tenants each has a transfer of its own, `out` and `in`. `roles` are those that the person has, or is to
    have in the other tenant. Of a person who is asked for by the side that does not have them, only the id is shown
    there until it is agreed; of one of another tenant what the ask carries, and nothing once it is declined.
    """

    id: UUID
    tenant_id: UUID
    direction: Literal["within", "out", "in"]
    state: StateName
    user_id: UUID | None
    user_name: str | None
    display_name: str | None
    email: str | None
    roles: list[RoleName]
    from_org_id: UUID | None
    from_name: str | None
    to_org_id: UUID
    to_name: str | None
    note: str | None
    asked_side: Literal["source", "target"]
    asked_by: str | None
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    answer: str | None
    version: int

    @property
    def tag(self) -> str:
        return etag(self.version)


class ApproveRequest(BaseModel):
    """What a tenant gives who comes into it, where that is not what was asked for."""

    model_config = ConfigDict(extra="forbid")

    note: Answer | None = None
    roles: frozenset[RoleName] | None = None
    user_name: UserName | None = None


class RejectRequest(BaseModel):
    """Why not: the other side reads it."""

    model_config = ConfigDict(extra="forbid")

    note: Answer


class WithdrawRequest(BaseModel):
    """Why it is asked no more."""

    model_config = ConfigDict(extra="forbid")

    note: Answer | None = Field(None)


@router.get("")
async def get_transfers(
    access: Authorized,
    org_id: UUID | None = None,
    state: Annotated[StateName | None, Query(description="Only those in this state")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[TransferAnswer]:
    """Transfers out of or into an organization and its units, the latest first."""
    before = decode_id(cursor)
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin")
        units = await units_of(access, conn)
        found = await list_transfers(conn, scope.tenants, scope.units, state, before, limit + 1)
    shown, following = first_page(found, limit, lambda row: [row.transfer.id])
    items = [to_answer(one, sides_of(one.transfer, units)) for one in shown]
    return Page(items=items, next_cursor=following)


@router.get("/{transfer_id}")
async def get_transfer(access: Authorized, response: Response, transfer_id: UUID) -> TransferAnswer:
    """One transfer, for administrators of either side."""
    async with access.transaction() as conn:
        shown, sides = await transfer_for(access, conn, transfer_id)
    return tagged(to_answer(shown, sides), response)


@router.post("/{transfer_id}:approve", dependencies=[audited("transfer.approve")])
async def approve(
    access: Authorized,
    runtime: Running,
    response: Response,
    transfer_id: UUID,
    body: ApproveRequest | None = None,
    if_match: IfMatch = None,
) -> TransferAnswer:
    """Agree to what the other side asks: the person is transferred in the same act.

    Somebody of another tenant is invited with the roles that were asked for, or with `roles`; where their user name is
    taken here, say another one.
    """
    said = body or ApproveRequest()
    decision = Decision(Verdict.APPROVE, said.note, said.roles, said.user_name)
    return await decided(access, runtime, response, transfer_id, decision, if_match)


@router.post("/{transfer_id}:reject", dependencies=[audited("transfer.reject")])
async def reject(
    access: Authorized,
    runtime: Running,
    response: Response,
    transfer_id: UUID,
    body: RejectRequest,
    if_match: IfMatch = None,
) -> TransferAnswer:
    """Decline what the other side asks; what was shown of somebody of another tenant is shown no more."""
    return await decided(access, runtime, response, transfer_id, Decision(Verdict.REJECT, body.note), if_match)


@router.post("/{transfer_id}:withdraw", dependencies=[audited("transfer.withdraw")])
async def withdraw(
    access: Authorized,
    runtime: Running,
    response: Response,
    transfer_id: UUID,
    body: WithdrawRequest | None = None,
    if_match: IfMatch = None,
) -> TransferAnswer:
    """Take back what this side asked."""
    note = body.note if body else None
    return await decided(access, runtime, response, transfer_id, Decision(Verdict.WITHDRAW, note), if_match)


async def decided(
    access: Access,
    runtime: Running,
    response: Response,
    transfer_id: UUID,
    decision: Decision,
    if_match: str | None,
) -> TransferAnswer:
    """Decide, in one transaction over the tenants that the transfer is between."""
    async with access.transaction() as conn:
        shown, sides = await transfer_for(access, conn, transfer_id)
    seen = shown.transfer
    if seen.direction == Direction.WITHIN and (decision.roles is not None or decision.user_name is not None):
        raise Refusal("Within a tenant a person keeps their roles and user name.")
    tenants = {seen.tenant_id, *([seen.peer.tenant_id] if seen.peer else [])}
    async with access.transaction_across(tenants) as conn:
        doing = doing_of(access, runtime)
        await decide_on(conn, seen, decision, sides, doing, lambda one: check_match(if_match, etag(one.version)))
        answer = await answer_for(conn, transfer_id, sides)
    return tagged(answer, response)


def doing_of(access: Access, runtime: Runtime) -> Doing:
    home = None if access.caller.is_system else access.caller.tenant_id
    return Doing(act_of(access, runtime), home, access.address)


async def units_of(access: Access, conn: AsyncConnection) -> frozenset[UUID] | None:
    """The organizations that the caller administers; None for all. Raises Forbidden for none."""
    scope = await access.scope(conn, None, "org_admin")
    return None if scope.units is None else frozenset(scope.units)


async def transfer_for(access: Access, conn: AsyncConnection, id_: UUID) -> tuple[Shown, Sides]:
    """A transfer with the sides on which the caller stands. Raises Forbidden, or NotFound where that is none."""
    units = await units_of(access, conn)
    shown = await find_transfer(conn, id_)
    sides = sides_of(shown.transfer, units) if shown else None
    if shown is None or sides is None or not sides.any:
        raise NotFound("No such transfer, or it is not yours to see.")
    return shown, sides


async def answer_for(conn: AsyncConnection, id_: UUID, sides: Sides) -> TransferAnswer:
    """A transfer as it is now, for somebody who was seen to stand on these sides."""
    shown = await find_transfer(conn, id_)
    assert shown is not None  # noqa: S101 (it is locked)
    return to_answer(shown, sides)


def tagged(answer: TransferAnswer, response: Response) -> TransferAnswer:
    response.headers["ETag"] = answer.tag
    return answer


def to_answer(shown: Shown, sides: Sides) -> TransferAnswer:
    one = shown.transfer
    is_open = one.shows_person_to(sides)
    return TransferAnswer.model_validate(
        {
            **{name: getattr(one, name) for name in KEPT},
            "user_name": shown.user_name if is_open else None,
            "display_name": shown.display_name if is_open else None,
            "email": shown.email if is_open else None,
            "roles": sorted(shown.roles) if is_open else [],
            "from_org_id": one.from_org_id if is_open else None,
            "from_name": shown.from_name if is_open else None,
            "to_name": shown.to_name,
        }
    )


KEPT = (
    "id", "tenant_id", "direction", "state", "user_id", "to_org_id", "note", "asked_side", "asked_by", "asked_at",
    "decided_by", "decided_at", "answer", "version",
)  # fmt: skip
"""What of a transfer everybody reads who reads of it."""
