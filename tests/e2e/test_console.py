"""An administrator at the console: signing in by identity, role changes seen live, and access that ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect
from tests.integration.system import SYSTEM, District, System, eventually

from usher_cli.clients.calls import new_trace_id

pytestmark = SYSTEM

PASSWORD = "correct horse battery staple"
SOON_MS = 20_000
ACCESS_ENDS_SECONDS = 5.0
SLACK_SECONDS = 2.0
"""What a browser on a busy machine may add to what the console promises."""


@dataclass(frozen=True)
class Administrator:
    id: str
    user_name: str


@pytest.fixture
def administrator(district: District) -> Administrator:
    """Somebody who administers a district with ten seats of Learn, one of which is theirs, and a password."""
    district.license("learn", seats=10)
    user_id = district.person("Olive Winters", "org_admin")
    identity = district.session.identity
    identity.set_password(user_id, PASSWORD)
    eventually(lambda: district.assigned("learn") == 1)
    return Administrator(user_id, str(identity.find_user(user_id)["user_name"]))


async def sign_in(browser: Browser, system: System, who: Administrator) -> Page:
    """A window on the License Dashboard, by way of identity's sign-in page, once it follows the figures."""
    page = await browser.new_page()
    await page.goto(system.settings["USHER_CONSOLE_URL"])
    await page.get_by_label("User name or email").fill(who.user_name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="License Dashboard")).to_be_visible(timeout=SOON_MS)
    await expect(page.locator("[data-live][data-connected]")).to_be_visible(timeout=SOON_MS)
    return page


async def test_a_role_granted_elsewhere_shows_without_loading_the_page_again(
    browser: Browser,
    system: System,
    district: District,
    administrator: Administrator,
    record_property: Callable[[str, object], None],
) -> None:
    page = await sign_in(browser, system, administrator)
    await expect(page.locator('[data-figure="learn.assigned"]')).to_have_text("1")
    await page.evaluate("window.sameDocument = true")
    person = district.person("Ada Byron")
    district.session.identity.set_roles(person, ["learner"], new_trace_id())
    began = time.monotonic()
    await expect(page.locator('[data-figure="learn.assigned"]')).to_have_text("2", timeout=SOON_MS)
    record_property("seconds", time.monotonic() - began)
    assert await page.evaluate("window.sameDocument")


async def test_a_role_granted_at_the_console_brings_the_seat(
    browser: Browser, system: System, district: District, administrator: Administrator
) -> None:
    person = district.person("Ada Byron")
    page = await sign_in(browser, system, administrator)
    await page.get_by_role("link", name="People").click()
    await page.get_by_label("Name, family name, user name or email").fill("byron")
    await page.get_by_role("button", name="Filter").click()
    await page.get_by_role("link", name="Ada Byron").click()
    await expect(page.get_by_text("No seat").first).to_be_visible()
    await page.get_by_label("Learner").check()
    await page.get_by_role("button", name="Save roles").click()
    learn = page.locator("article", has=page.get_by_role("heading", name="Learn"))
    await expect(learn.get_by_text("Assigned", exact=True)).to_be_visible(timeout=SOON_MS)
    await learn.get_by_text("Why?").click()
    await expect(learn.get_by_text("Role granted")).to_be_visible()
    assert page.url.partition("?")[0].endswith(f"/users/{person}")


async def test_a_lost_role_ends_access_within_five_seconds(
    browser: Browser, system: System, district: District, administrator: Administrator
) -> None:
    page = await sign_in(browser, system, administrator)
    district.session.identity.set_roles(administrator.id, ["learner"], new_trace_id())
    began = time.monotonic()
    await expect(page.get_by_role("heading", name="This page is not open to you")).to_be_visible(timeout=SOON_MS)
    assert time.monotonic() - began < ACCESS_ENDS_SECONDS + SLACK_SECONDS


async def test_signing_out_ends_the_session_here_and_at_identity(
    browser: Browser, system: System, administrator: Administrator
) -> None:
    page = await sign_in(browser, system, administrator)
    await page.locator(".account summary").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
    await page.goto(system.settings["USHER_CONSOLE_URL"])
    await expect(page.get_by_label("Password")).to_be_visible()


async def test_a_seats_history_is_a_link_away_from_its_person(
    browser: Browser, system: System, district: District, administrator: Administrator
) -> None:
    identity = district.session.identity
    ada = district.person("Ada Quist", "learner")
    identity.set_roles(ada, [], trace := new_trace_id())
    eventually(lambda: len(district.session.reporting.seat_history(ada, "learn")["items"]) == 2)
    page = await sign_in(browser, system, administrator)
    await page.goto(f"{system.settings['USHER_CONSOLE_URL']}/users/{ada}")
    await page.get_by_role("article", name="Learn").get_by_role("link", name="Its history").click()
    await expect(page.get_by_role("heading", name="Learn seat of Ada Quist")).to_be_visible()
    first, last = await page.locator("tbody tr").all()
    await expect(first).to_contain_text("Role granted")
    await expect(last).to_contain_text("Role revoked")
    await expect(last).to_contain_text(trace)
