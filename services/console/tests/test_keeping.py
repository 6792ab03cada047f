"""The page behind a warning's link: open to whoever has it, and harmless until its button is pressed."""

from datetime import UTC, datetime

import pytest

from usher_console.clients.usage import KeptSeat
from usher_console.views.keeping import keeping

from .conftest import Browser
from .house import OLD, World
from .story import FAR_AHEAD, NOW

LINK = "eyJhbGciOiJIUzI1NiJ9.e30.x_-1"
DUE = datetime(2026, 12, 21, 6, tzinfo=UTC)


def seat(state: str = "held", **given: object) -> KeptSeat:
    usual = {"product": "learn", "organization": "Lincoln High School", "time_zone": "America/Chicago", "state": state}
    return KeptSeat.model_validate({**usual, **given})


AT_RISK = seat(reclaim_due=DUE, last_login_at=NOW)


@pytest.mark.parametrize(
    ("story", "shown", "title", "part", "has_button"),
    [
        ("at risk", AT_RISK, "Do you still need your Learn seat?", "On December 21, 2026 it will be taken", True),
        ("the day is the organization's", AT_RISK, "Do you", "not signed in since December 1, 2026", True),
        ("never used", seat(reclaim_due=DUE), "Do you", "have not used it yet", True),
        ("kept", seat(kept_until=FAR_AHEAD), "Your Learn seat is kept", "until March 2, 2099", False),
        ("kept once, and now at risk again", seat(kept_until=FAR_AHEAD, reclaim_due=DUE), "Do you", "", True),
        ("in use", seat(), "Your Learn seat is yours", "There is nothing to do.", False),
        ("kept long ago, in use now", seat(kept_until=NOW), "Your Learn seat is yours", "", False),
        ("suspended", seat("suspended"), "There is nothing to keep just now", "has run out", False),
        ("taken back", seat("reclaimed", reclaim_due=DUE), "Your Learn seat was taken back", "as soon as", False),
        ("gone", seat("none", organization=None), "You hold no Learn seat", "your organization", False),
        ("another product", seat("none", product="art-class"), "You hold no Art class seat", "", False),
    ],
)
def test_what_the_page_says(story: str, shown: KeptSeat, title: str, part: str, *, has_button: bool) -> None:
    said = keeping(shown, NOW)
    assert said.title.startswith(title), story
    assert part in said.text, story
    assert bool(said.button) == has_button, story


async def test_opening_a_link_needs_nobody_signed_in_and_keeps_nothing(browser: Browser, world: World) -> None:
    world.links[LINK] = AT_RISK
    for _ in range(2):
        page = await browser.http.get(f"/keep/{LINK}")
    assert page.status_code == 200
    assert "Keep my seat" in page.text
    assert 'name="robots" content="noindex"' in page.text
    assert world.links[LINK] == AT_RISK
    assert set(world.asked) == {f"GET /v1/keeps/{LINK}"}


async def test_its_button_keeps_the_seat_and_says_so(browser: Browser, world: World) -> None:
    world.links[LINK] = AT_RISK
    answer = await browser.http.post(f"/keep/{LINK}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/keep/{LINK}")
    page = (await browser.http.get(f"/keep/{LINK}")).text
    assert "Your Learn seat is kept" in page
    assert "<form" not in page


async def test_the_button_of_a_seat_that_is_gone_says_that_it_is(browser: Browser, world: World) -> None:
    world.links[LINK] = seat("reclaimed")
    answer = await browser.http.post(f"/keep/{LINK}")
    assert answer.status_code == 303
    assert "was taken back" in (await browser.http.get(f"/keep/{LINK}")).text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("link", "status", "text"),
    [
        (OLD, 410, "This link has run out"),
        ("nobody-knows-it", 404, "This link is not one of ours"),
        ("a%20b", 404, "Not found"),
        ("..%2f..%2fv1", 404, "Not found"),
    ],
)
async def test_a_link_that_is_no_good_says_what_to_do(
    browser: Browser, method: str, link: str, status: int, text: str
) -> None:
    answer = await browser.http.request(method, f"/keep/{link}")
    assert answer.status_code == status
    assert text in answer.text


async def test_while_usage_is_away_nothing_is_lost(browser: Browser, world: World) -> None:
    world.away.add("usage")
    answer = await browser.http.get(f"/keep/{LINK}")
    assert answer.status_code == 503
    assert "Nothing is lost" in answer.text
