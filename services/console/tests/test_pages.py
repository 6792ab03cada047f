"""Pages as browsers get them: what they show, and what they say when something is missing."""

import re
from html.parser import HTMLParser
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from usher_console.clients.reporting import UnitFigures, UnitProduct

from . import story
from .conftest import Browser
from .house import World

ADA = story.person(8)


class Outline(HTMLParser):
    """Finds what no page may have, and what each must have."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.headings: list[int] = []
        self.unlabelled: list[str] = []
        self.ids: list[str] = []
        self._labelled: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.inline += [name for name in found if name == "style" or name.startswith("on")]
        if tag in ("script", "style") and not found.get("src"):
            self.inline.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "label" and found.get("for"):
            self._labelled.add(str(found["for"]))
        if tag in ("select", "input") and found.get("type") not in ("hidden", "checkbox"):
            self.unlabelled.append(str(found.get("id")))

    def check(self) -> None:
        assert self.inline == []
        assert self.headings.count(1) == 1
        assert len(self.ids) == len(set(self.ids))
        assert set(self.unlabelled) <= self._labelled


@pytest.mark.parametrize("address", ["/licenses", "/users", f"/users/{ADA.id}", "/signed-out", "/nowhere"])
async def test_a_page_runs_nothing_inline_and_is_well_outlined(browser: Browser, address: str) -> None:
    await browser.sign_in()
    page = await browser.get(address)
    outline = Outline()
    outline.feed(page.text)
    outline.check()
    assert '<html lang="en"' in page.text


async def test_the_license_dashboard_is_found_where_administrators_look(browser: Browser) -> None:
    page = (await browser.sign_in()).text.partition("<body>")[2]
    assert page.index("System Admin") < page.index("Licenses") < page.index("License Dashboard")
    for word in ("Total Licensed", "Currently Assigned", "Available", "Usage Percentage", "Upcoming Renewals"):
        assert word in page
    for product in ("Learn", "Observe", "Combined"):
        assert f'id="card-{product.lower()}">{product}' in page
    assert "68 people wait for a seat of Observe." in page
    assert "Washington Elementary" in page


async def test_the_figures_alone_are_the_same_figures(browser: Browser) -> None:
    page = (await browser.sign_in()).text
    figures = (await browser.get("/licenses/figures")).text
    assert "<html" not in figures
    assert re.findall(r'data-figure="[^"]+">[^<]+', figures) == re.findall(r'data-figure="[^"]+">[^<]+', page)


async def test_choices_stay_in_the_addresses_that_the_page_leads_to(browser: Browser) -> None:
    await browser.sign_in()
    page = (await browser.get(f"/licenses?org_id={story.DISTRICT}&sort=-learn.assigned")).text
    assert f'data-live="/licenses/figures?org_id={story.DISTRICT}&amp;sort=-learn.assigned"' in page
    assert f'href="/licenses?org_id={story.DISTRICT}&amp;sort=-observe.waitlisted"' in page
    assert 'aria-sort="descending"' in page


async def test_a_long_allocation_leads_on(browser: Browser, world: World) -> None:
    world.units = [
        UnitFigures(org_id=UUID(int=n), name=f"School {n:03}", products=[UnitProduct(product="learn")])
        for n in range(1_100)
    ]
    page = (await browser.sign_in()).text
    assert "1,100 organizations" in page
    assert 'href="/licenses?start=50"' in page


async def test_a_system_administrator_sees_all_tenants_or_one(browser: Browser, world: World) -> None:
    world.me = story.administrator("system_admin")
    page = (await browser.sign_in()).text
    assert '<option value="" selected>All tenants</option>' in page


@pytest.mark.parametrize("address", ["/licenses?org_id=", "/users?org_id=&role=&status=&q="])
async def test_a_filter_left_empty_asks_for_all(browser: Browser, address: str) -> None:
    await browser.sign_in()
    assert (await browser.get(address)).status_code == 200


@pytest.mark.parametrize(
    "address", ["/licenses?org_id=nonsense", f"/licenses?org_id={UUID(int=666)}", f"/users/{UUID(int=666)}", "/nowhere"]
)
async def test_what_is_not_there_or_not_theirs_is_not_found(browser: Browser, address: str) -> None:
    await browser.sign_in()
    page = await browser.get(address)
    assert page.status_code == 404
    assert "not yours to see" in page.text


async def test_without_reporting_the_page_says_which_figures_are_missing(browser: Browser, world: World) -> None:
    world.away = {"reporting"}
    page = await browser.sign_in()
    assert page.status_code == 200
    assert "License figures are missing: the reporting service is not answering." in page.text
    assert "Total Licensed" not in page.text


async def test_without_entitlements_a_person_is_shown_and_the_seats_are_missing(browser: Browser, world: World) -> None:
    await browser.sign_in()
    world.away = {"entitlements"}
    page = await browser.get(f"/users/{ADA.id}")
    assert page.status_code == 200
    assert ADA.name in page.text
    assert "Seats are missing: the entitlements service is not answering." in page.text


async def test_without_any_license_the_first_steps_are_shown(browser: Browser, world: World) -> None:
    vacant = {"total_licensed": 0, "assigned": 0, "available": 0, "license_state": None, "ends_at": None}
    world.dashboard = story.dashboard(
        *(story.figures(product, **vacant) for product in ("learn", "observe", "combined")), renewals=False
    )
    page = (await browser.sign_in()).text
    assert "Nothing is licensed yet" in page
    assert "Upcoming Renewals" not in page


async def test_people_are_found_by_text_and_page_by_page(browser: Browser, world: World) -> None:
    world.people = {p.id: p for p in map(story.person, range(1, 70))}
    await browser.sign_in()
    first = (await browser.get("/users")).text
    assert first.count('<tr role="row">') == 51
    following = re.search(r'href="(/users\?cursor=[^"]+)">Next', first)
    assert following
    second = (await browser.get(following[1])).text
    assert second.count('<tr role="row">') == 20
    assert "Back to the first page" in second
    assert "Nobody matches" in (await browser.get("/users?q=nobody")).text


async def test_a_reporter_sees_people_and_cannot_change_them(browser: Browser, world: World) -> None:
    world.me = story.administrator("reporter")
    await browser.sign_in()
    page = (await browser.get(f"/users/{ADA.id}")).text
    assert "Save roles" not in page
    answer = await browser.post(f"/users/{ADA.id}/roles", version="3", roles=["org_admin"])
    assert answer.status_code == 403
    assert "PUT" not in " ".join(world.asked)


async def test_names_are_text_whatever_they_hold(browser: Browser, world: World) -> None:
    evil = story.person(1, display_name='<script>alert("1")</script>', email='"><img src=x>')
    world.people = {evil.id: evil}
    await browser.sign_in()
    for address in ("/users", f"/users/{evil.id}", "/users?q=%22%3E%3Cscript%3E"):
        page = (await browser.get(address)).text
        assert "<script>alert" not in page
        assert "<img" not in page


async def test_why_is_one_click_away(browser: Browser) -> None:
    await browser.sign_in()
    page = (await browser.get(f"/users/{ADA.id}")).text
    assert "The person waits at position 14" in page
    assert "Add 14 more seats of Observe." in page
    assert page.count("Why?") == 2
    assert "Waitlisted" in page


async def test_appearance_is_chosen_without_script(browser: Browser) -> None:
    await browser.sign_in()
    answer = await browser.post("/appearance", theme="dark", back="/users")
    assert answer.headers["location"] == "/users"
    assert 'data-theme="dark"' in (await browser.get("/users")).text
    await browser.post("/appearance", theme="", back="/users")
    assert "data-theme" not in (await browser.get("/users")).text


async def test_what_fails_here_is_told_calmly(browser: Browser) -> None:
    await browser.sign_in()
    browser.app.state.console = None
    with capture_logs() as logs:
        page = await browser.get("/licenses")
    assert [line["event"] for line in logs] == ["request.failed"]
    assert page.status_code == 500
    assert "This is our fault" in page.text
    assert "Traceback" not in page.text
