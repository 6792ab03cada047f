"""The audit record of administrative acts: done ones in the act's own transaction, refused ones in one of their own."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.audit import AUDIT_FACTS, AuditOutcome, AuditRecorded
from usher_contracts.envelope import OPERATORS_TENANT, Cause, Event
from usher_kit import outbox
from usher_kit.access import Access
from usher_kit.errors import Unauthenticated, UsherError
from usher_kit.ids import new_id
from usher_kit.runtime import Runtime

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to what. `before` and `after` hold ids and figures, never personal data."""

    name: str
    """As `<entity>.<verb>`: `user.set_roles`."""
    target: str
    tenant_id: UUID
    org_id: UUID | None = None
    before: Mapping[str, JsonValue] | None = None
    after: Mapping[str, JsonValue] | None = None
    reason: str | None = None


async def record(
    conn: AsyncConnection, service: str, acts: Sequence[Act], *, at: datetime, cause: Cause, address: str | None = None
) -> None:
    """Write down acts that are done, in the transaction that does them."""
    await outbox.add(conn, [to_event(service, act, "done", at, cause, address) for act in acts])


def to_event(
    service: str, act: Act, outcome: AuditOutcome, at: datetime, cause: Cause, address: str | None
) -> Event[AuditRecorded]:
    """One act as the service's own audit fact."""
    number = new_id()
    fact = AUDIT_FACTS[service](
        tenant_id=act.tenant_id,
        id=number,
        org_id=act.org_id,
        at=at,
        act=act.name,
        target=act.target,
        outcome=outcome,
        reason=act.reason,
        before=None if act.before is None else dict(act.before),
        after=None if act.after is None else dict(act.after),
        address=address,
    )
    return Event.of(fact, id=number, at=at, cause=cause)


def audited(name: str) -> Any:
    """A route's dependency: its act has this name, and a refusal of it is written down."""

    async def declare(request: Request) -> None:
        request.state.act = name

    declare.__dict__["act"] = name
    return Depends(declare)


def act_of_route(dependencies: Sequence[Dependency]) -> str | None:
    """The act that a route declares by `audited`; none where it declares none."""
    declared: list[Callable[..., Awaitable[None]]] = [one.dependency for one in dependencies if one.dependency]
    return next((str(one.__dict__["act"]) for one in declared if "act" in one.__dict__), None)


async def record_refusal(request: Request, error: UsherError, unread: Collection[str] = ()) -> None:
    """Write down that an act was refused. Who could not even be told apart is not written down: anybody can try.

    Of the path's parameters those `unread` are none of ours, and may be names of people: they are left out.
    """
    name: str | None = getattr(request.state, "act", None)
    access: Access | None = getattr(request.state, "access", None)
    if name is None or access is None or isinstance(error, Unauthenticated):
        return
    runtime: Runtime = request.app.state.runtime
    caller = access.caller
    tenant = caller.tenant_id or OPERATORS_TENANT
    named = ("?" if name in unread else str(value) for name, value in request.path_params.items())
    target = "/".join(named) or request.url.path
    act = Act(name, target[:300], tenant, caller.org_id, reason=error.slug)
    event = to_event(runtime.service, act, "refused", runtime.clock.now(), access.cause(), access.address)
    try:
        async with runtime.database.transaction([tenant]) as conn:
            await outbox.add(conn, [event])
    except Exception as lost:
        log.exception("audit.refusal_lost", act=name, actor=caller.actor, error=repr(lost))
