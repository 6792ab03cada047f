"""/oauth/logout: a client sends a browser here to sign out; where it does not prove itself, the person is asked."""

from authlib.oauth2 import OAuth2Error
from authlib.oidc.rpinitiated import EndSessionRequest
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.http.cookies import clear_cookie, read_cookie
from usher_identity.http.oauth import Keys, provider_for
from usher_identity.http.pages import message, page, refuse_other_sites
from usher_identity.oidc.desk import Desk, load_for_cookie, save_desk
from usher_identity.oidc.provider import Asked, Provider
from usher_identity.store.clients import load_client
from usher_kit.runtime import Running, Runtime

SEE_OTHER = 303
CONSOLE = "console"

router = APIRouter(include_in_schema=False)


@router.get("/oauth/logout")
async def get_logout(request: Request, runtime: Running, keys: Keys) -> Response:
    """Sign out at once where the client shows the session's ID token; else ask."""
    return await sign_out(request, runtime, await provider_for(runtime, keys), confirmed=False)


@router.post("/oauth/logout")
async def post_logout(request: Request, runtime: Running, keys: Keys) -> Response:
    """The person has said yes."""
    refuse_other_sites(request, runtime)
    return await sign_out(request, runtime, await provider_for(runtime, keys), confirmed=True)


async def sign_out(request: Request, runtime: Runtime, provider: Provider, *, confirmed: bool) -> Response:
    asked = Asked("GET", request.query_params.multi_items(), {})
    cookie, desk = read_cookie(request, runtime), provider.desk
    async with runtime.database.transaction([OPERATORS_TENANT, *([cookie.tenant_id] if cookie else [])]) as conn:
        desk.client = await load_client(conn, str(asked.payload.client_id or CONSOLE))
        if cookie:
            await load_for_cookie(conn, desk, cookie)
        try:
            wanted = provider.sign_out(asked)
        except OAuth2Error as error:
            return message("This sign-out cannot go on", f"{error.description} Sign out from where you came from.", 400)
        if desk.signed_in and not confirmed and not is_shown(wanted, desk):
            return page("sign_out.html", name=desk.signed_in.display_name)
        reply = provider.end_session(wanted)
        await save_desk(conn, desk)
    response: Response = message("You are signed out", "You can close this page.")
    if reply and reply.location:
        response = RedirectResponse(reply.location, SEE_OTHER)
    clear_cookie(response, runtime)
    return response


def is_shown(wanted: EndSessionRequest, desk: Desk) -> bool:
    """Whether the client has shown an ID token of this very session."""
    claims = wanted.id_token_claims or {}
    return desk.session is not None and claims.get("sid") == str(desk.session.id)
