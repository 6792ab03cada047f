"""/v1/subscriptions: which kinds of notices a person gets; each may be muted by its recipient."""

from collections.abc import Collection
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, check_match, content_tag
from usher_kit.errors import Forbidden
from usher_kit.paging import Page
from usher_kit.runtime import Running
from usher_notifications.domain.notices import Kind
from usher_notifications.http.deliveries import KindName
from usher_notifications.store.people import load_muted, lock_person, save_muted

router = APIRouter(prefix="/v1", tags=["subscriptions"])


class Subscription(BaseModel):
    kind: KindName
    muted: bool


@router.get("/subscriptions")
async def subscriptions(access: Authorized, response: Response) -> Page[Subscription]:
    """The caller's own, with the ETag of all of them."""
    tenant, user = person_of(access)
    async with access.transaction(tenant) as conn:
        shown = to_page(await load_muted(conn, tenant, user))
    response.headers["ETag"] = content_tag(shown)
    return shown


@router.put("/subscriptions", dependencies=[audited("subscription.set")])
async def subscribe(
    change: Subscription, access: Authorized, runtime: Running, response: Response, if_match: IfMatch = None
) -> Subscription:
    """Mute a kind of notice for oneself, or no longer. What is pending is looked at when it is to be sent."""
    tenant, user = person_of(access)
    async with access.transaction(tenant) as conn:
        await lock_person(conn, tenant, user)
        muted = await load_muted(conn, tenant, user)
        check_match(if_match, content_tag(to_page(muted)))
        before = Subscription(kind=change.kind, muted=change.kind in muted)
        await save_muted(conn, tenant, user, change.kind, muted=change.muted)
        done = [to_act(access, tenant, user, before, change)] if before != change else []
        at = runtime.clock.now()
        await record(conn, "notifications", done, at=at, cause=access.cause(), address=access.address)
        response.headers["ETag"] = content_tag(to_page(await load_muted(conn, tenant, user)))
    return change


def to_page(muted: Collection[str]) -> Page[Subscription]:
    return Page(items=[Subscription(kind=kind.value, muted=kind in muted) for kind in Kind])


def to_act(access: Access, tenant: UUID, user: UUID, before: Subscription, after: Subscription) -> Act:
    was, now = (one.model_dump(mode="json", include={"muted"}) for one in (before, after))
    return Act("subscription.set", f"{user}/{after.kind}", tenant, access.caller.org_id, before=was, after=now)


def person_of(access: Access) -> tuple[UUID, UUID]:
    """The caller, as tenant and person. Raises Forbidden for a client, which gets no mail."""
    caller = access.caller
    if caller.tenant_id is None or caller.user_id is None:
        raise Forbidden("Only people have subscriptions; sign in as one.")
    return caller.tenant_id, caller.user_id
