"""Security headers, assets, and colors that can be read."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi.routing import APIRoute

from usher_console.main import SERVICE
from usher_console.rendering import ASSETS, asset_address
from usher_kit.security_headers import ALWAYS

from .conftest import Browser

# Text and what it stands on; 4.5 is WCAG 2.2 AA for text, 3 for edges of controls and for charts' parts.
CONTRASTS = [
    *((ink, ground, 4.5) for ink in ("ink", "ink-soft", "accent") for ground in ("paper", "surface")),
    *((tone, f"{tone}-wash", 4.5) for tone in ("accent", "good", "care", "stop")),
    *((tone, "surface", 4.5) for tone in ("care", "stop")),
    *(("ink", f"{tone}-wash", 4.5) for tone in ("good", "care", "stop")),
    ("ink-soft", "sunken", 4.5),
    ("on-accent", "accent", 4.5),
    *((fill, "surface", 3) for fill in ("accent-fill", "stop-fill", "edge")),
    ("edge", "paper", 3),
]


async def test_every_answer_of_every_route_carries_the_security_headers(browser: Browser) -> None:
    """Of who is not signed in, and of who is: pages, refusals, and what went wrong."""
    for sign_in in (False, True):
        if sign_in:
            await browser.sign_in()
        for address in ("/nowhere", "/healthz", "/docs", *addresses()):
            answer = await browser.http.get(address)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy or address == "/docs"
            assert {name: answer.headers.get(name) for name in ALWAYS if name != "Cache-Control"} == {
                name: value for name, value in ALWAYS.items() if name != "Cache-Control"
            }, address
            assert "strict-transport-security" not in answer.headers


def addresses() -> Iterator[str]:
    """An address of each route that is read, but for the stream that does not end."""
    for router in SERVICE.routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and route.path != "/live":
                yield re.sub(r"\{\w+\}", str(UUID(int=7)), route.path)


async def test_a_failure_of_ours_carries_them_too(browser: Browser) -> None:
    browser.app.state.console = None
    answer = await browser.http.get("/sign-in")
    assert answer.status_code == 500
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"


async def test_pages_are_not_kept_and_assets_are(browser: Browser) -> None:
    assert (await browser.sign_in()).headers["cache-control"] == "no-store"
    answer = await browser.http.get(asset_address("live.js"))
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("name", ["..%2Fmain.py", "main.py", "nothing.css", "tokens.css%00"])
async def test_only_assets_are_served(browser: Browser, name: str) -> None:
    assert (await browser.http.get(f"/assets/{name}")).status_code == 404


async def test_over_https_browsers_are_told_to_stay_there(browser: Browser) -> None:
    answer = await browser.http.get("https://console.test/signed-out")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), CONTRASTS)
def test_colors_can_be_read(scheme: str, ink: str, ground: str, least: float) -> None:
    assert contrast(color(ink, scheme), color(ground, scheme)) >= least


def color(name: str, scheme: str) -> str:
    found = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", (ASSETS / "tokens.css").read_text())
    assert found, name
    return found[1 if scheme == "light" else 2]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colors written as #rrggbb."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(hexadecimal: str) -> float:
    parts = [int(hexadecimal[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
