"""/v1/check: may this person use this product now? Asked by the products themselves, at every entry."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from pydantic import BaseModel

from usher_contracts.entitlements import Product
from usher_entitlements.store.checks import Checks, Use, connections_for_checks
from usher_kit.access import Access, Authorized
from usher_kit.errors import NotFound
from usher_kit.machines import scoped
from usher_kit.runtime import Running, Runtime
from usher_kit.settings import database_url

router = APIRouter(prefix="/v1", tags=["check"])

PATHS = ("v1/check",)
"""Not followed by traces: the spans would cost more than the answer, which is one statement."""

CHECK_SCOPE = "check"
"""The scope of a product's client: it may check, and nothing else."""


class Answer(BaseModel):
    """`until` is when the use ends unless the license is renewed; null where it is not allowed."""

    user_id: UUID
    product: str
    allowed: bool
    state: str
    until: datetime | None


async def reader(request: Request) -> Checks:
    """FastAPI dependency: the connections that checks alone use."""
    found: Checks = request.app.state.reader
    return found


@asynccontextmanager
async def reading(runtime: Runtime, app: FastAPI) -> AsyncIterator[None]:
    """Let the app check for the time of a block."""
    url = database_url(runtime.settings, runtime.service)
    async with connections_for_checks(url, runtime.settings.database_connections) as app.state.reader:
        yield


@router.get("/check", dependencies=[scoped("check")])
async def check_use(
    access: Authorized,
    runtime: Running,
    checks: Annotated[Checks, Depends(reader)],
    user_id: UUID,
    product: Annotated[Product, Query()],
) -> Answer:
    """Whether the person may use the product now, by the license's dates too: a late passage of time allows nothing."""
    found = await checks.find(user_id, product)
    if not (access.caller.is_system or CHECK_SCOPE in access.caller.scopes):
        found = await seen_by(access, user_id, found)
    state = found.state if found is not None and found.state is not None else "none"
    until = found.until(runtime.clock.now()) if found is not None else None
    return Answer(user_id=user_id, product=product, allowed=until is not None, state=state, until=until)


async def seen_by(access: Access, user_id: UUID, found: Use | None) -> Use | None:
    """What a person may see of what was found: what is their own, or of people whom they administer.

    Raises NotFound for somebody else's as for who is nowhere, Forbidden where they administer nobody.
    """
    is_theirs = found is not None and found.tenant_id == access.caller.tenant_id
    if user_id == access.caller.user_id:
        return found if is_theirs else None
    async with access.transaction() as conn:
        scope = await access.scope(conn, None, "org_admin")
    if found is None or not (is_theirs and scope.sees(found.org_id)):
        raise NotFound("No such person, or not yours to see.")
    return found
