"""What every way to sign in has in common: the request that a client sent, the session that begins, the way back."""

from datetime import timedelta
from uuid import UUID

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT, Cause
from usher_identity.http.oauth import Keys, provider_for
from usher_identity.http.pages import message
from usher_identity.http.proving import address_of
from usher_identity.oidc import opaque
from usher_identity.oidc.desk import Desk, load_for_cookie, load_session_and_person, save_desk
from usher_identity.oidc.grants import CodeGrant
from usher_identity.oidc.opaque import Opaque
from usher_identity.oidc.provider import Asked, Provider, Reply
from usher_identity.store.clients import load_client
from usher_identity.store.sign_in import end_session
from usher_identity.use_cases.recording import Act
from usher_identity.use_cases.sign_in import Browser, NewSession, begin_session
from usher_kit.ids import new_id
from usher_kit.runtime import Runtime

SEE_OTHER = 303


async def asking(runtime: Runtime, keys: Keys, asked: Asked) -> Provider:
    """Our provider, with the client that asks on its desk."""
    provider = await provider_for(runtime, keys)
    async with runtime.database.transaction([OPERATORS_TENANT]) as conn:
        provider.desk.client = await load_client(conn, str(asked.payload.client_id or ""))
    return provider


async def begin(
    conn: AsyncConnection,
    runtime: Runtime,
    request: Request,
    desk: Desk,
    tenant_id: UUID,
    person_id: UUID,
    provider_id: UUID | None = None,
) -> Opaque:
    """Begin a session of who has proven to be somebody; the desk has them signed in. Returns the browser's secret."""
    cookie = opaque.make(tenant_id, new_id())
    assert cookie.id is not None  # noqa: S101 (made with one)
    new = NewSession(tenant_id, cookie.id, person_id, cookie.hash, provider_id)
    browser = Browser(request.headers.get("user-agent", "")[:200], address_of(request))
    act = Act(desk.at, Cause(actor=f"user:{person_id}"))
    lasts = timedelta(hours=runtime.settings.sign_in_hours)
    await begin_session(conn, new, browser, lasts, act)
    await load_session_and_person(conn, desk, tenant_id, cookie.id)
    return cookie


async def end_former(conn: AsyncConnection, former: Opaque | None, desk: Desk) -> None:
    """End the session that this browser had: it has one."""
    before = Desk(desk.at)
    if former:
        await load_for_cookie(conn, before, former)
    if before.session:
        await end_session(conn, before.session.tenant_id, before.session.id, desk.at)


async def send_back(conn: AsyncConnection, provider: Provider, asked: Asked, grant: CodeGrant) -> Response:
    reply = provider.authorize(asked, grant)
    await save_desk(conn, provider.desk)
    return to_response(reply)


def to_response(reply: Reply, *, up: str = "") -> Response:
    """A redirect to the client where there is one; a page where its address could not be trusted."""
    if reply.location:
        return RedirectResponse(reply.location, SEE_OTHER, {"Cache-Control": "no-store"})
    text = str(reply.body.get("error_description") or reply.body.get("error"))
    advice = "Go back to where you came from and try again."
    return message("This sign-in cannot go on", f"{text} {advice}", reply.status, up=up)
