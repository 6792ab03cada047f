"""The console in a real browser: what its script does, and that nothing depends on it."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from usher_console.visitors import FRESH_SECONDS

from . import story
from .conftest import COOKIE, Browser
from .house import World
from .test_reports import ROWS, path_of

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = os.environ.get("USHER_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
ADA = story.person(8)
PHONE = {"width": 360, "height": 740}
OVERFLOW = """() => Math.max(
    document.scrollingElement.scrollWidth - document.documentElement.clientWidth,
    ...[...document.querySelectorAll(".card")].map((card) => {
        const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
        return Math.max(...[...card.querySelectorAll("*")].map((part) => part.getBoundingClientRect().right - edge));
    }),
)"""
SOON_MS = 15_000

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine; name one by USHER_BROWSER")


@dataclass
class Window:
    """A browser window of somebody who is signed in, with all that its console complained of."""

    context: BrowserContext
    page: Page
    home: str
    house: Browser
    complaints: list[str] = field(default_factory=list)

    async def open(self, address: str) -> None:
        await self.page.goto(self.home + address)

    async def follow(self) -> None:
        """Wait until the page follows the figures."""
        await expect(self.page.locator("[data-live][data-connected]")).to_be_visible(timeout=SOON_MS)

    async def overflow(self) -> float:
        """By how many pixels the page is wider than its window, or what is on a card wider than the card."""
        return float(await self.page.evaluate(OVERFLOW))


@pytest.fixture
async def home(browser: Browser) -> AsyncIterator[str]:
    """The console's address on a port of this test's own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(browser.app, lifespan="off", log_level="error"))
        serving = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        browser.app.state.console.hub.close()
        server.should_exit = True
        await serving


async def window(browser: Browser, home: str, **how: object) -> AsyncIterator[Window]:
    await browser.sign_in()
    cookie = {"name": COOKIE, "value": browser.http.cookies[COOKIE], "url": home}
    async with async_playwright() as playwright:
        program = await playwright.chromium.launch(executable_path=PROGRAM, args=QUIET)
        context = await program.new_context(**how)  # type: ignore[arg-type]
        await context.add_cookies([cookie])  # type: ignore[list-item]
        opened = Window(context, await context.new_page(), home, browser)
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        yield opened
        await program.close()
        assert opened.complaints == []


@pytest.fixture
async def desk(browser: Browser, home: str) -> AsyncIterator[Window]:
    async for opened in window(browser, home):
        yield opened


@pytest.fixture
async def phone(browser: Browser, home: str) -> AsyncIterator[Window]:
    async for opened in window(browser, home, viewport=PHONE):
        yield opened


@pytest.fixture
async def plain(browser: Browser, home: str) -> AsyncIterator[Window]:
    async for opened in window(browser, home, java_script_enabled=False):
        yield opened


async def test_figures_follow_a_change_and_focus_stays_where_it_was(desk: Window, world: World) -> None:
    await desk.open("/licenses")
    await desk.follow()
    heading = desk.page.get_by_role("link", name="Waiting").last
    await heading.focus()
    world.dashboard = story.dashboard(story.figures("learn", assigned=1128, available=112), story.full())
    desk.house.app.state.console.hub.tell([story.DISTRICT])
    assigned = desk.page.locator('[data-figure="learn.assigned"]')
    await expect(assigned).to_have_text("1,128", timeout=SOON_MS)
    await expect(assigned).to_have_class("changed")
    await expect(desk.page.locator('[data-figure="learn.total"]')).not_to_have_class("changed")
    await expect(heading).to_be_focused()


async def test_a_lost_role_takes_the_page_away(desk: Window, world: World) -> None:
    await desk.open("/licenses")
    await desk.follow()
    world.me = story.administrator("learner")
    desk.house.hands.seconds += FRESH_SECONDS
    desk.house.app.state.console.hub.tell_all()
    await expect(desk.page.get_by_role("heading", name="This page is not open to you")).to_be_visible(timeout=SOON_MS)
    desk.complaints.clear()  # the browser notes the 403


async def test_seats_follow_a_change_of_roles_by_themselves(desk: Window, world: World) -> None:
    world.applied = 3
    await desk.open(f"/users/{ADA.id}")
    await desk.page.get_by_label("Reporter").check()
    await desk.page.get_by_role("button", name="Save roles").click()
    await expect(desk.page.get_by_text("Roles saved.")).to_be_visible()
    await expect(desk.page.get_by_text("Updating").first).to_be_visible()
    world.applied = 4
    await expect(desk.page.get_by_text("Updating")).to_have_count(0, timeout=SOON_MS)
    await expect(desk.page.get_by_text("Waitlisted", exact=True)).to_be_visible()


async def test_an_opened_explanation_stays_open_while_figures_follow(desk: Window, world: World) -> None:
    await desk.open(f"/users/{ADA.id}")
    await desk.follow()
    await desk.page.get_by_text("Why?").first.click()
    world.seats = [seat.model_copy(update={"reason": "seat_freed"}) for seat in world.seats]
    desk.house.app.state.console.hub.tell_all()
    await expect(desk.page.get_by_text("Seat freed").first).to_be_visible(timeout=SOON_MS)


async def test_everything_is_within_reach_of_the_keyboard(desk: Window) -> None:
    await desk.open("/licenses")
    await desk.page.keyboard.press("Tab")
    skip = desk.page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.locator("#main")).to_be_focused()
    account = desk.page.locator(".account summary")
    await account.focus()
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.get_by_role("button", name="Sign out")).to_be_visible()
    await desk.page.keyboard.press("Tab")
    await desk.page.keyboard.press("Escape")
    await expect(desk.page.get_by_role("button", name="Sign out")).to_be_hidden()
    await expect(account).to_be_focused()


@pytest.mark.parametrize(
    "address", ["/licenses", "/users", f"/users/{ADA.id}", "/reports/claims", "/reports/claim-patterns", "/signed-out"]
)
async def test_a_page_fits_a_phone(phone: Window, world: World, address: str) -> None:
    world.reports = {path_of(name): [row] for name, row in ROWS.items()}
    world.me = story.administrator("system_admin").model_copy(update={"display_name": "Wolfeschlegelsteinhausen " * 2})
    await phone.open(address)
    assert await phone.overflow() <= 1


@pytest.mark.parametrize("width", [900, 1024, 1280, 1366])
async def test_nothing_sticks_out_of_a_card(desk: Window, width: int) -> None:
    await desk.page.set_viewport_size({"width": width, "height": 800})
    await desk.open("/licenses")
    assert await desk.overflow() <= 1


async def test_a_file_that_is_being_made_is_shown_once_it_is_there(desk: Window, world: World) -> None:
    world.reports = {"claims": [ROWS["claims"]]}
    await desk.open("/reports/claims?product=observe")
    assert await desk.overflow() <= 1
    await desk.page.get_by_role("button", name="Excel").click()
    await expect(desk.page.get_by_role("heading", name="Exports")).to_be_visible()
    world.exports[-1] = {**world.exports[-1], **story.export(0, "running"), "file": None}
    await desk.page.reload()
    await expect(desk.page.get_by_text("Being made")).to_be_visible()
    world.exports[-1] = story.export(0)
    await expect(desk.page.get_by_text("Ready")).to_be_visible(timeout=SOON_MS)


async def test_the_documentation_of_the_api_comes_to_life(desk: Window) -> None:
    await desk.open("/docs")
    await expect(desk.page.get_by_role("heading", name="Usher console")).to_be_visible(timeout=SOON_MS)


async def test_without_script_all_of_it_works(plain: Window, world: World) -> None:
    await plain.open("/licenses")
    await plain.page.get_by_label("Organization", exact=True).select_option(label="\u2003Lincoln High School")
    await plain.page.get_by_role("button", name="Show").click()
    await expect(plain.page.locator(".crumbs")).to_contain_text("Lincoln High School")
    await plain.open(f"/users/{ADA.id}")
    await plain.page.get_by_label("Reporter").check()
    await plain.page.get_by_role("button", name="Save roles").click()
    await expect(plain.page.get_by_text("Roles saved.")).to_be_visible()
    assert "reporter" in world.people[ADA.id].roles
    await plain.page.locator(".account summary").click()
    await plain.page.get_by_role("button", name="Dark").click()
    await expect(plain.page.locator("html")).to_have_attribute("data-theme", "dark")
