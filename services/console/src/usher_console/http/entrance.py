"""In and out: signing in by identity, signing out, and the appearance that a browser keeps."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from usher_console.http.pages import THEME_COOKIE, THEMES, OwnForm, Running, SignedIn, alone, own_address, session_of
from usher_console.sign_in import SignInFailedError

YEAR = 365 * 24 * 3600
SEE_OTHER = 303

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(found: SignedIn) -> Response:
    """The License Dashboard for whoever reads reports; their own profile and seats for everybody else."""
    return RedirectResponse("/licenses" if found.sees_reports else f"/users/{found.id}", SEE_OTHER)


@router.get("/sign-in")
async def begin(
    request: Request,
    running: Running,
    next: str = "/",  # noqa: A002 (as the address has it)
    provider: UUID | None = None,
    organization: UUID | None = None,
) -> Response:
    """To identity's sign-in page; straight on to a provider, or with an organization's, where one is named."""
    session_of(request).renew()
    session_of(request)["next"] = own_address(next)
    named = {"provider": provider, "organization": organization}
    return await running.sign_in.begin(request, **{name: str(id_) for name, id_ in named.items() if id_})


@router.get("/sign-in/callback")
async def finish(request: Request, running: Running) -> Response:
    """Identity sends the browser here. The session gets a new id, so that one planted before is worth nothing."""
    try:
        signed_in = await running.sign_in.finish(request)
    except SignInFailedError:
        text = "Identity's answer was not one to a sign-in of this browser. It may have taken too long."
        return alone(request, "Sign-in did not finish", text, status=400, act="Sign in again", href="/sign-in")
    address = own_address(session_of(request).get("next", "/"))
    session_of(request).renew()
    session_of(request).update(signed_in)
    return RedirectResponse(address, SEE_OTHER)


@router.post("/sign-out", dependencies=[OwnForm])
async def end(request: Request, running: Running) -> Response:
    id_token = session_of(request).get("id_token")
    session_of(request).renew()
    return await running.sign_in.end(id_token)


@router.get("/signed-out")
async def ended(request: Request) -> HTMLResponse:
    return alone(request, "Signed out", "You are signed out of the console.", act="Sign in again", href="/sign-in")


@router.post("/appearance", dependencies=[OwnForm])
async def choose_appearance(
    running: Running, theme: Annotated[str, Form()] = "", back: Annotated[str, Form()] = "/"
) -> Response:
    """Keep the chosen appearance in the browser; none follows the system."""
    answer = RedirectResponse(own_address(back), SEE_OTHER)
    if theme in THEMES:
        answer.set_cookie(
            THEME_COOKIE, theme, max_age=YEAR, samesite="lax", httponly=True, secure=running.settings.is_secure
        )
    else:
        answer.delete_cookie(THEME_COOKIE)
    return answer
