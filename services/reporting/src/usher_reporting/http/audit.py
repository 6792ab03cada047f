"""/v1/audit: administrative acts of all services, done and refused, newest first."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, JsonValue, TypeAdapter
from sqlalchemy import RowMapping

from usher_contracts.audit import AuditOutcome
from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, encode_cursor
from usher_reporting.http.places import TEXT, place_in
from usher_reporting.http.reach import OrganizationParameter, reach_of
from usher_reporting.store.audit_search import Place, search_audit

PLACE: TypeAdapter[tuple[datetime, UUID, int]] = TypeAdapter(tuple[AwareDatetime, UUID, int])
Word = Annotated[str | None, Query(max_length=300, pattern=TEXT)]

LISTED = (
    "tenant_id",
    "position",
    "at",
    "service",
    "actor",
    "act",
    "target",
    "org_id",
    "organization",
    "outcome",
    "event_id",
    "trace_id",
    "hash",
)
"""What stands beside an entry's text."""

router = APIRouter(tags=["audit"])


class AuditEntry(BaseModel):
    """One act, as the text says that `hash` covers: who did what to what, from which state to which, and from where.

    `reason` is the slug of a refusal, or the note that came with the act. `position` is its place in the tenant's log.
    Where the text is no act any more, somebody has changed it behind the service's back: `is_readable` is false, and
    what is told is what the entry is searched by. `usher audit verify` says what else was changed.
    """

    tenant_id: UUID
    position: int
    at: datetime
    service: str
    actor: str
    act: str
    target: str
    org_id: UUID | None
    organization: str | None
    outcome: str
    reason: str | None
    before: dict[str, JsonValue] | None
    after: dict[str, JsonValue] | None
    address: str | None
    event_id: str
    causation_id: str | None
    correlation_id: str | None
    changeset: str | None
    trace_id: str | None
    hash: str
    is_readable: bool = True


@router.get("/v1/audit", dependencies=[scoped("audit:read")])
async def audit(
    access: Authorized,
    org_id: OrganizationParameter = None,
    actor: Word = None,
    act: Word = None,
    target: Word = None,
    outcome: AuditOutcome | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="The earliest time, included")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="The latest time, excluded")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[AuditEntry]:
    """Acts in an organization and its units, newest first."""
    filters = {"actor": actor, "act": act, "target": target, "outcome": outcome, "since": since, "until": until}
    after = place_in(cursor, PLACE, 3)
    async with access.transaction() as conn:
        reach = await reach_of(access, conn, org_id)
        found = await search_audit(
            conn, reach.tenants, reach.units, filters, after=Place(*after) if after else None, limit=limit + 1
        )
    items = [to_answer(row) for row in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    following = encode_cursor([last["at"].isoformat(), last["tenant_id"], last["position"]]) if last else None
    return Page(items=items, next_cursor=following)


def to_answer(row: RowMapping) -> AuditEntry:
    """The entry by its own text or, where that is no act, by what stands beside it."""
    try:
        return by_document(row)
    except (ValueError, LookupError, TypeError, AttributeError):
        return AuditEntry(
            **{name: row[name] for name in LISTED},
            **dict.fromkeys(("reason", "before", "after", "address", "causation_id", "correlation_id", "changeset")),
            is_readable=False,
        )


def by_document(row: RowMapping) -> AuditEntry:
    """The entry by its text; only its place, its hash and its organization's name come from beside it.

    Raises ValueError, LookupError, TypeError or AttributeError for a text that is no act.
    """
    event: dict[str, Any] = orjson.loads(row["document"])
    act: dict[str, Any] = event["data"]
    return AuditEntry(
        tenant_id=row["tenant_id"],
        position=row["position"],
        service=event["type"].split(".")[1],
        actor=event["actor"],
        organization=row["organization"],
        event_id=event["id"],
        causation_id=event.get("causationid"),
        correlation_id=event.get("correlationid"),
        changeset=event.get("changeset"),
        trace_id=row["trace_id"],
        hash=row["hash"],
        **{
            name: act[name]
            for name in ("at", "act", "target", "org_id", "outcome", "reason", "before", "after", "address")
        },
    )
