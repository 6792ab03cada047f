"""/v1/settings: how much one source may take from an organization at once; its units inherit it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.guard import Share, share_of
from usher_identity.http.acts import act_of, write_down
from usher_identity.http.organizations import organization_for
from usher_identity.store.organizations import load_parents, lock_trees
from usher_identity.store.settings import load_shares, save_share
from usher_kit.access import Authorized
from usher_kit.audit import Act, audited
from usher_kit.conditional import IfMatch, check_match, content_tag
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/settings", tags=["settings"])


class SettingAnswer(BaseModel):
    """`loss_share_percent`: of the people of an organization with its units, the percent that one import or bulk job
    may at once archive, suspend or take roles from. What is more is held. 100 switches the guard off.

    `set_by` is the organization that set it, null for the default.
    """

    org_id: UUID
    loss_share_percent: int
    set_by: UUID | None


class SettingRequest(BaseModel):
    """`loss_share_percent` null: inherit from the organization above again."""

    model_config = ConfigDict(extra="forbid")

    org_id: UUID
    loss_share_percent: Annotated[int, Field(ge=0, le=100)] | None


@router.get("")
async def get_settings(
    access: Authorized, response: Response, org_id: Annotated[UUID | None, Query()] = None
) -> SettingAnswer:
    """What is in force at an organization, the caller's own without `org_id`."""
    asked = access.asked(org_id)
    async with access.transaction() as conn:
        tenant_id = (await organization_for(access, conn, asked, "org_admin", "reporter")).tenant_id
        answer = to_answer(asked, await share_in_force(conn, tenant_id, asked))
    response.headers["ETag"] = content_tag(answer)
    return answer


@router.put("", dependencies=[audited("settings.set")])
async def put_settings(
    access: Authorized, runtime: Running, response: Response, body: SettingRequest, if_match: IfMatch = None
) -> SettingAnswer:
    """Set the share of an organization and its units."""
    async with access.transaction() as conn:
        tenant_id = (await organization_for(access, conn, body.org_id, "org_admin")).tenant_id
        await lock_trees(conn, [tenant_id])
        before = to_answer(body.org_id, await share_in_force(conn, tenant_id, body.org_id))
        check_match(if_match, content_tag(before))
        await save_share(conn, tenant_id, body.org_id, body.loss_share_percent)
        after = to_answer(body.org_id, await share_in_force(conn, tenant_id, body.org_id))
        was = {"loss_share_percent": before.loss_share_percent, "own": before.set_by == body.org_id}
        done = Act("settings.set", str(body.org_id), tenant_id, body.org_id, was, body.model_dump(exclude={"org_id"}))
        await write_down(conn, access, act_of(access, runtime), [done])
    response.headers["ETag"] = content_tag(after)
    return after


async def share_in_force(conn: AsyncConnection, tenant_id: UUID, org_id: UUID) -> Share:
    return share_of(org_id, await load_parents(conn, tenant_id), await load_shares(conn, [tenant_id]))


def to_answer(org_id: UUID, share: Share) -> SettingAnswer:
    return SettingAnswer(org_id=org_id, loss_share_percent=share.percent, set_by=share.set_by)
