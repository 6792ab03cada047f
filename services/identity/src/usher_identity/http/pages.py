"""The few pages that identity shows people: signing in, signing out, and what went wrong."""

import hashlib
from functools import cache
from importlib.resources import files

import jinja2
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from usher_kit.errors import Forbidden
from usher_kit.other_sites import is_from_another_site, origin_of
from usher_kit.runtime import Runtime

STYLE = files("usher_identity") / "assets" / "sign-in.css"

router = APIRouter(include_in_schema=False)


@cache
def style() -> tuple[bytes, str]:
    """The style sheet and its digest, which its address carries, so that browsers may keep it."""
    body = STYLE.read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:12]


@cache
def environment() -> jinja2.Environment:
    """Every value is escaped, and a name that a page was not given is an error."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("usher_identity", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["style"] = lambda: f"assets/sign-in.css?v={style()[1]}"
    return found


@router.get("/oauth/assets/sign-in.css")
async def get_style() -> Response:
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(style()[0], media_type="text/css", headers=headers)


def page(
    template: str, status: int = 200, *, leads_to: str | None = None, up: str = "", **values: object
) -> HTMLResponse:
    """A page that no other site may frame; its form may lead to `leads_to`, the client's address.

    `up` leads from the page's folder to /oauth/: addresses are relative, wherever identity is.
    """
    headers = {
        "Content-Security-Policy": "; ".join(
            [
                "default-src 'none'",
                "style-src 'self'",
                f"form-action 'self' {origin_of(leads_to)}".strip(),
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ]
        ),
    }
    return HTMLResponse(environment().get_template(template).render(up=up, **values), status, headers)


def message(title: str, text: str, status: int = 200, *, up: str = "") -> HTMLResponse:
    """A page that just says something."""
    return page("message.html", status, up=up, title=title, text=text)


def refuse_other_sites(request: Request, runtime: Runtime) -> None:
    """Raises Forbidden for a form that another site sent: it would sign a browser in as somebody else."""
    if is_from_another_site(request, runtime.settings.token_issuer):
        raise Forbidden("This form was sent by another site. Go back to where you came from and sign in from there.")
