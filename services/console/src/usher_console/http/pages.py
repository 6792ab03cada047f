"""What every page has: its frame, its visitor, its protection against forged forms, and where its services are."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse

from usher_console.clients.calls import SignedOutError
from usher_console.clients.entitlements import Entitlements
from usher_console.clients.identity import Identity
from usher_console.clients.reporting import Reporting
from usher_console.clients.usage import Usage
from usher_console.live import Hub
from usher_console.rendering import render
from usher_console.sessions import Session
from usher_console.settings import ConsoleSettings
from usher_console.sign_in import SignIn, SignInFailedError
from usher_console.visitors import Visitor, Visitors

THEME_COOKIE = "usher-theme"
THEMES = frozenset({"light", "dark"})


class SignInNeededError(Exception):
    """Nobody is signed in, or no longer."""


class NotAllowedError(Exception):
    """The visitor's roles do not open this page, or a form did not come from a page of theirs."""


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages work with."""

    settings: ConsoleSettings
    identity: Identity
    entitlements: Entitlements
    reporting: Reporting
    usage: Usage
    visitors: Visitors
    sign_in: SignIn
    hub: Hub


async def console(request: Request) -> Console:
    """FastAPI dependency: the process's console."""
    found: Console = request.app.state.console
    return found


Running = Annotated[Console, Depends(console)]


def session_of(request: Request) -> Session:
    """The browser's session, as the middleware has loaded it."""
    return cast("Session", request.session)


async def visitor(request: Request, running: Running) -> Visitor:
    """FastAPI dependency: who is signed in. Raises SignInNeededError, or AwayError when identity cannot be asked."""
    return await visitor_of(running, session_of(request))


async def visitor_of(running: Console, session: Session) -> Visitor:
    """Whose session this is, by an access token that is renewed in time. Raises as `visitor` does."""
    if "token" not in session:
        raise SignInNeededError
    try:
        if running.sign_in.is_due(session):
            session.update(await running.sign_in.renew(session))
        return await running.visitors.of(session["token"])
    except (SignedOutError, SignInFailedError) as error:
        raise SignInNeededError from error


SignedIn = Annotated[Visitor, Depends(visitor)]


async def reports_reader(found: SignedIn) -> Visitor:
    """FastAPI dependency: a visitor who may read reports. Raises NotAllowedError."""
    if not found.sees_reports:
        raise NotAllowedError("Licenses and people are shown to reporters and administrators.")
    return found


async def administrator(found: SignedIn) -> Visitor:
    """FastAPI dependency: a visitor who may change people. Raises NotAllowedError."""
    if not found.is_administrator:
        raise NotAllowedError("Only administrators change people.")
    return found


ReportsReader = Annotated[Visitor, Depends(reports_reader)]
Administrator = Annotated[Visitor, Depends(administrator)]


async def own_form(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """FastAPI dependency of every form's act: it came from a page of this session. Raises NotAllowedError."""
    expected = request.session.get("csrf")
    if not isinstance(expected, str) or not secrets.compare_digest(expected.encode(), csrf.encode()):
        raise NotAllowedError("This form is no longer valid. Go back, load the page again, and send it once more.")


OwnForm = Depends(own_form)


def page(request: Request, template: str, found: Visitor, *, here: str = "", **values: Any) -> HTMLResponse:
    """A page in its frame; `here` names the navigation's entry it belongs to."""
    body = render(
        template,
        visitor=found,
        here=here,
        csrf=request.session.get("csrf", ""),
        theme=theme(request),
        back=address(request),
        **values,
    )
    return HTMLResponse(body)


def alone(
    request: Request, title: str, text: str, *, status: int = 200, act: str = "", href: str = "/"
) -> HTMLResponse:
    """A page without the frame; `act` is the one thing to do next."""
    body = render("alone.html", title=title, text=text, act=act, act_href=href, theme=theme(request))
    return HTMLResponse(body, status)


def theme(request: Request) -> str:
    """The appearance chosen in this browser; empty follows the system."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def address(request: Request) -> str:
    """The page's own address, to come back to."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def own_address(asked: str) -> str:
    """An address of the console, whatever was asked for: nobody is sent elsewhere."""
    is_own = asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable()
    return asked if is_own else "/"


def missing_text(service: str, what: str) -> str:
    """What a banner says of a service that is away."""
    return f"{what} are missing: the {service} service is not answering. This page shows them again when it does."
