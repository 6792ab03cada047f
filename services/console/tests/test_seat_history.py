"""The page of a seat's history: what happened, why, and by what, in order."""

from datetime import timedelta
from uuid import UUID

from usher_console.clients.reporting import Claim

from . import story
from .conftest import Browser
from .house import HISTORY_PAGE, World
from .test_pages import ADA, Outline

URL = f"/users/{ADA.id}/seats/observe"


def claim(version: int, *, actor: str = "system", kind: str = "assigned", is_void: bool = False) -> Claim:
    return Claim(
        version=version, at=story.NOW + timedelta(days=version), kind=kind, state="assigned", reason="seat_freed",
        actor=actor, changeset="import-7", causation_id=f"message-{version}", trace_id=f"trace-{version}",
        is_void=is_void,
    )  # fmt: skip


async def test_every_version_is_shown_with_its_cause(browser: Browser, world: World) -> None:
    by_person = claim(3, actor=f"user:{ADA.id}", is_void=True)
    world.history = [claim(1, actor="client:sis"), claim(2, kind="promoted"), by_person]
    await browser.sign_in()
    assert f'href="{URL}"' in (await browser.get(f"/users/{ADA.id}")).text
    page = (await browser.get(URL)).text
    outline = Outline()
    outline.feed(page)
    assert (outline.inline, outline.unlabelled) == ([], [])
    shown = (
        "Observe seat of",
        "client:sis",
        "Usher itself",
        "Promoted",
        "Seat freed",
        "import-7",
        "undone by a restore",
    )
    for words in shown:
        assert words in page, words
    places = [page.index(f"message-{version}") for version in (1, 2, 3)]
    assert places == sorted(places)
    assert f'<a href="/users/{ADA.id}">A person</a>' in page


async def test_it_goes_on_page_by_page(browser: Browser, world: World) -> None:
    world.history = [claim(version) for version in range(1, HISTORY_PAGE + 2)]
    await browser.sign_in()
    first = (await browser.get(URL)).text
    assert (first.count("message-"), f"{URL}?cursor={HISTORY_PAGE}" in first) == (HISTORY_PAGE, True)
    last = (await browser.get(f"{URL}?cursor={HISTORY_PAGE}")).text
    assert (last.count("message-"), "Back to the first page" in last, ">Next<" in last) == (1, True, False)


async def test_without_a_seat_or_without_reporting_it_says_so(browser: Browser, world: World) -> None:
    await browser.sign_in()
    assert "never held or awaited a seat of Observe" in (await browser.get(URL)).text
    assert (await browser.get(f"/users/{UUID(int=666)}/seats/observe")).status_code == 404
    world.away = {"reporting"}
    page = await browser.get(URL)
    assert (page.status_code, "the reporting service is not answering" in page.text) == (200, True)
