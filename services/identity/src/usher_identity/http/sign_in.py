"""/oauth/authorize: a browser comes from a client, the person signs in, and it goes back with a code."""

from datetime import timedelta
from typing import Annotated

from authlib.oauth2 import OAuth2Error
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT, Cause
from usher_identity.http.cookies import read_cookie, set_cookie
from usher_identity.http.oauth import Keys, provider_for
from usher_identity.http.pages import message, page, refuse_other_sites
from usher_identity.http.proving import TooManyTries, WrongPassword, address_of, prove
from usher_identity.oidc import opaque
from usher_identity.oidc.desk import Desk, load_for_cookie, load_session_and_person, save_desk
from usher_identity.oidc.grants import CodeGrant
from usher_identity.oidc.opaque import Opaque
from usher_identity.oidc.provider import Asked, Provider, Reply
from usher_identity.store.clients import load_client
from usher_identity.store.credentials import Candidate
from usher_identity.store.sign_in import end_session
from usher_identity.use_cases.recording import Act
from usher_identity.use_cases.sign_in import Browser, NewSession, begin_session
from usher_kit.ids import new_id
from usher_kit.runtime import Running, Runtime

SEE_OTHER = 303
ASKS_AGAIN = frozenset({"login", "select_account"})

router = APIRouter(include_in_schema=False)

Typed = Annotated[str, Form(max_length=1000)]


@router.get("/oauth/authorize")
async def get_authorize(request: Request, runtime: Running, keys: Keys) -> Response:
    """Back at once with a code for whoever is signed in; else the sign-in page."""
    asked = asked_of(request)
    provider = await provider_for(runtime, keys)
    cookie = read_cookie(request)
    tenants = [OPERATORS_TENANT, *([cookie.tenant_id] if cookie else [])]
    async with runtime.database.transaction(tenants) as conn:
        provider.desk.client = await load_client(conn, str(asked.payload.client_id or ""))
        if cookie:
            await load_for_cookie(conn, provider.desk, cookie)
        try:
            grant = provider.consent(asked)
        except OAuth2Error as error:
            return to_response(provider.refuse(asked, error))
        if provider.desk.signed_in is None or grant.prompt in ASKS_AGAIN:
            return sign_in_page(grant)
        return await send_back(conn, provider, asked, grant)


@router.post("/oauth/authorize")
async def post_authorize(
    request: Request, runtime: Running, keys: Keys, user_name: Typed = "", password: Typed = ""
) -> Response:
    """The sign-in page's form: a session begins, and the browser goes back with a code."""
    refuse_other_sites(request, runtime)
    asked = asked_of(request)
    provider = await provider_for(runtime, keys)
    async with runtime.database.transaction([OPERATORS_TENANT]) as conn:
        provider.desk.client = await load_client(conn, str(asked.payload.client_id or ""))
    try:
        grant = provider.consent(asked)
        proven = await prove(runtime, request, user_name, password)
    except OAuth2Error as error:
        return to_response(provider.refuse(asked, error))
    except WrongPassword as error:
        return sign_in_page(grant, 401, user_name, error.detail)
    except TooManyTries as error:
        return sign_in_page(grant, 429, user_name, error.detail)
    former = read_cookie(request)
    tenants = {OPERATORS_TENANT, proven.tenant_id, *([former.tenant_id] if former else [])}
    async with runtime.database.transaction(tenants) as conn:
        await end_former(conn, former, provider.desk)
        cookie = await begin(conn, runtime, request, provider.desk, proven)
        response = await send_back(conn, provider, asked, grant)
    set_cookie(response, cookie, runtime)
    return response


def asked_of(request: Request) -> Asked:
    """The authorization request, which is in the query whether the form is sent or fetched."""
    return Asked("GET", request.query_params.multi_items(), {})


async def begin(conn: AsyncConnection, runtime: Runtime, request: Request, desk: Desk, proven: Candidate) -> Opaque:
    """Begin a session of who has proven to be somebody; the desk has them signed in. Returns the browser's secret."""
    cookie = opaque.make(proven.tenant_id, new_id())
    assert cookie.id is not None  # noqa: S101 (made with one)
    new = NewSession(proven.tenant_id, cookie.id, proven.id, cookie.hash)
    browser = Browser(request.headers.get("user-agent", "")[:200], address_of(request))
    act = Act(desk.at, Cause(actor=f"user:{proven.id}"))
    lasts = timedelta(hours=runtime.settings.sign_in_hours)
    await begin_session(conn, new, browser, lasts, act)
    await load_session_and_person(conn, desk, proven.tenant_id, cookie.id)
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


def to_response(reply: Reply) -> Response:
    """A redirect to the client where there is one; a page where its address could not be trusted."""
    if reply.location:
        return RedirectResponse(reply.location, SEE_OTHER, {"Cache-Control": "no-store"})
    text = str(reply.body.get("error_description") or reply.body.get("error"))
    return message("This sign-in cannot go on", f"{text} Go back to where you came from and try again.", reply.status)


def sign_in_page(grant: CodeGrant, status: int = 200, user_name: str = "", problem: str = "") -> HTMLResponse:
    return page(
        "sign_in.html",
        status,
        leads_to=grant.redirect_uri,
        client=grant.client.client.name,
        user_name=user_name,
        problem=problem,
    )
