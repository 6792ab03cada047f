"""/oauth/authorize: a browser comes from a client, the person signs in, and it goes back with a code."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from authlib.oauth2 import OAuth2Error
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.identity_providers import IdentityProvider
from usher_identity.http.beginning import SEE_OTHER, asking, begin, end_former, send_back, to_response
from usher_identity.http.cookies import read_cookie, set_cookie
from usher_identity.http.oauth import Keys
from usher_identity.http.pages import page, refuse_other_sites
from usher_identity.http.proving import TooManyTries, WrongPassword, prove
from usher_identity.oidc.desk import load_for_cookie
from usher_identity.oidc.grants import CodeGrant
from usher_identity.oidc.provider import Asked, Provider
from usher_identity.store.identity_providers import Offered, find_by_domain, load_offered
from usher_kit.runtime import Running, Runtime

ASKS_AGAIN = frozenset({"login", "select_account"})
BY_ORGANIZATION = "organization"

router = APIRouter(include_in_schema=False)

Typed = Annotated[str, Form(max_length=1000)]


@router.get("/oauth/authorize")
async def get_authorize(request: Request, runtime: Running, keys: Keys) -> Response:
    """Back at once with a code for whoever is signed in; else the sign-in page, or the provider that is asked for."""
    asked = asked_of(request)
    provider = await asking(runtime, keys, asked)
    cookie = read_cookie(request, runtime)
    async with runtime.database.transaction([OPERATORS_TENANT, *([cookie.tenant_id] if cookie else [])]) as conn:
        if cookie:
            await load_for_cookie(conn, provider.desk, cookie)
        try:
            grant = provider.consent(asked)
        except OAuth2Error as error:
            return to_response(provider.refuse(asked, error))
        if provider.desk.signed_in is not None and grant.prompt not in ASKS_AGAIN:
            return await send_back(conn, provider, asked, grant)
    if chosen := as_id(request.query_params.get("provider")):
        return RedirectResponse(address_of(chosen, request), SEE_OTHER, {"Cache-Control": "no-store"})
    return await sign_in_page(request, runtime, grant)


@router.post("/oauth/authorize")
async def post_authorize(
    request: Request, runtime: Running, keys: Keys, user_name: Typed = "", password: Typed = "", way: Typed = ""
) -> Response:
    """The sign-in page's form: a session begins, and the browser goes back with a code."""
    refuse_other_sites(request, runtime)
    asked = asked_of(request)
    provider = await asking(runtime, keys, asked)
    try:
        grant = provider.consent(asked)
        if way == BY_ORGANIZATION:
            return await by_organization(request, runtime, grant, user_name)
        return await by_password(request, runtime, provider, asked, grant, user_name, password)
    except OAuth2Error as error:
        return to_response(provider.refuse(asked, error))
    except WrongPassword as error:
        return await sign_in_page(request, runtime, grant, 401, user_name, error.detail)
    except TooManyTries as error:
        return await sign_in_page(request, runtime, grant, 429, user_name, error.detail)


def asked_of(request: Request) -> Asked:
    """The authorization request, which is in the query whether the form is sent or fetched."""
    return Asked("GET", request.query_params.multi_items(), {})


async def by_password(
    request: Request, runtime: Runtime, provider: Provider, asked: Asked, grant: CodeGrant, name: str, password: str
) -> Response:
    """Raises WrongPassword or TooManyTries."""
    proven = await prove(runtime, request, name, password)
    former = read_cookie(request, runtime)
    tenants = {OPERATORS_TENANT, proven.tenant_id, *([former.tenant_id] if former else [])}
    async with runtime.database.transaction(tenants) as conn:
        await end_former(conn, former, provider.desk)
        cookie = await begin(conn, runtime, request, provider.desk, proven.tenant_id, proven.id)
        response = await send_back(conn, provider, asked, grant)
    set_cookie(response, cookie, runtime)
    return response


async def by_organization(request: Request, runtime: Runtime, grant: CodeGrant, name: str) -> Response:
    """On to the provider to which an address of this domain leads: who has the address, is not looked at.

    By way of a page, since browsers hold a form to the addresses that its page names, wherever it is sent on to.
    """
    domain = name.strip().lower().rpartition("@")[2]
    async with runtime.database.transaction_of_all() as conn:
        found = await find_by_domain(conn, domain) if "@" in name else None
    if found is None:
        text = "No organization's sign-in is set up for this address. Give your work or school address, or a password."
        return await sign_in_page(request, runtime, grant, 404, name, text)
    address = address_of(found.id, request, login_hint=name.strip())
    response = page("going_on.html", title=found.title, address=address)
    response.headers["Refresh"] = f"0; url={address}"
    return response


async def sign_in_page(
    request: Request, runtime: Runtime, grant: CodeGrant, status: int = 200, user_name: str = "", problem: str = ""
) -> HTMLResponse:
    async with runtime.database.transaction_of_all() as conn:
        offered: Offered = await load_offered(conn, as_id(request.query_params.get("organization")))
    return page(
        "sign_in.html",
        status,
        leads_to=grant.redirect_uri,
        client=grant.client.client.name,
        user_name=user_name,
        problem=problem,
        ways=ways(offered.providers, request),
        finds_by_address=offered.finds_by_address,
    )


def ways(providers: Sequence[IdentityProvider], request: Request) -> list[tuple[str, str]]:
    """What the page offers: titles, and where each leads."""
    return [(one.title, address_of(one.id, request)) for one in providers]


def address_of(provider_id: UUID, request: Request, **more: str) -> str:
    """Where signing in by a provider begins, for the same authorization request; relative, wherever identity is."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "login_hint"]
    return f"providers/{provider_id}/begin?{urlencode([*kept, *more.items()])}"


def as_id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
