"""/v1/deliveries: what was told to whom, and whether it arrived."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from usher_contracts.notifications import DeliveryStatus
from usher_kit.access import Authorized
from usher_kit.errors import Invalid
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, encode_cursor
from usher_notifications.store.lists import list_deliveries

router = APIRouter(prefix="/v1", tags=["deliveries"])

READERS = frozenset({"org_admin", "reporter"})
KindName = Literal[
    "waitlisted",
    "waitlist_digest",
    "license_ending",
    "reclaim_warning",
    "license_request",
    "license_answer",
    "changes_held",
    "transfer_asked",
    "transfer_answer",
    "export_ready",
]


class Shown(BaseModel):
    """A notice to a recipient, who is named by id alone. `send_at` is when it is tried next, while it is pending."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    about: str
    org_id: UUID
    recipient: UUID
    status: DeliveryStatus
    reason: str | None
    attempts: int
    created_at: datetime
    send_at: datetime | None
    settled_at: datetime | None
    version: int


@router.get("/deliveries", dependencies=[scoped("notifications:read")])
async def deliveries(
    access: Authorized,
    org_id: UUID | None = None,
    status: Annotated[DeliveryStatus | None, Query()] = None,
    kind: Annotated[KindName | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Shown]:
    """Deliveries that concern an organization and its units, newest first; to those who administer none, their own."""
    caller = access.caller
    is_reader = caller.is_system or bool(caller.roles & READERS)
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, *READERS) if is_reader or org_id else None
        rows = await list_deliveries(
            conn,
            scope=scope,
            recipient=None if scope else caller.user_id,
            status=status,
            kind=kind,
            after=read_cursor(cursor),
            limit=limit + 1,
        )
    shown = [Shown.model_validate(row) for row in rows[:limit]]
    return Page(items=shown, next_cursor=encode_cursor([shown[-1].id]) if len(rows) > limit else None)


def read_cursor(cursor: str | None) -> UUID | None:
    """The delivery that the page before ended with. Raises Invalid for a cursor that is not ours."""
    place = decode_cursor(cursor, 1)
    try:
        return UUID(str(place[0])) if place else None
    except ValueError:
        raise Invalid("The cursor is not one that this list gave; start without one.", pointer="/cursor") from None
