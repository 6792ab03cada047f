"""Security headers and cookies' marks, on every answer that identity gives browsers."""

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from httpx import ASGITransport, AsyncClient

from usher_identity.main import SERVICE
from usher_kit.security_headers import ALWAYS

from .story import House
from .test_sign_in import PASSWORD, REQUEST, Browser, ada, browser

__all__ = ["ada", "browser"]

DOCS = "/docs"


def addresses() -> Iterator[str]:
    """An address of each route that is read."""
    for router in SERVICE.routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                yield re.sub(r"\{[^}]+\}", str(UUID(int=7)), route.path)


async def test_every_answer_of_every_route_carries_them_and_no_page_runs_what_stands_in_it(browser: Browser) -> None:
    pages: set[str] = set()
    await browser.sign_in()
    signed_in, stranger = browser.http, Browser(browser.house).http
    for http in (stranger, signed_in):
        for address in ("/nowhere", "/healthz", DOCS, *addresses()):
            answer = await http.get(address, params=REQUEST if address.startswith("/oauth") else None)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy or address == DOCS
            assert all(name in answer.headers for name in ALWAYS), address
            assert answer.headers["x-frame-options"] == "DENY"
            if answer.headers.get("content-type", "").startswith("text/html"):
                pages.add(address)
                assert "<script>" not in answer.text or address == DOCS
    wrong = await stranger.post("/oauth/authorize", params=REQUEST, data={"user_name": "ada", "password": "wrong"})
    assert wrong.headers["x-frame-options"] == "DENY"
    assert len(pages) >= 4, pages


@pytest.mark.parametrize(("issuer", "is_secure"), [("https://identity.test", True), ("http://identity.test", False)])
async def test_cookies_are_out_of_reach_and_over_https_of_this_host_alone(
    house: House, app: FastAPI, ada: Any, issuer: str, is_secure: bool
) -> None:
    settings = house.runtime.settings.model_copy(update={"issuer": issuer})
    app.state.runtime.__dict__["settings"] = settings
    async with AsyncClient(transport=ASGITransport(app), base_url="http://behind-a-proxy.test") as http:
        form = {"user_name": ada["user_name"], "password": PASSWORD}
        answer = await http.post("/oauth/authorize", params=REQUEST, data=form)
    [(name, cookie)] = SimpleCookie(answer.headers["set-cookie"]).items()
    assert (name.startswith("__Host-"), bool(cookie["secure"])) == (is_secure, is_secure)
    assert (bool(cookie["httponly"]), cookie["samesite"].lower(), cookie["path"], cookie["domain"]) == (
        True,
        "lax",
        "/",
        "",
    )
    assert ("strict-transport-security" in answer.headers) == is_secure
