"""Acts that forms do: changing roles, and protection against forged forms."""

import re

import pytest
from fastapi.routing import APIRoute

from usher_console.http.pages import OwnForm
from usher_console.main import SERVICE
from usher_kit.other_sites import WRITES

from . import story
from .conftest import HOME, Browser
from .house import World

ADA = story.person(8)
ROLES = f"/users/{ADA.id}/roles"


async def test_roles_are_changed_and_the_seats_are_shown_until_they_have_followed(
    browser: Browser, world: World
) -> None:
    await browser.sign_in()
    world.applied = 3
    answer = await browser.post(ROLES, version="3", roles=["observer", "reporter"])
    assert answer.headers["location"] == f"/users/{ADA.id}?version=4"
    assert list(world.people[ADA.id].roles) == ["observer", "reporter"]
    page = (await browser.get(answer.headers["location"])).text
    assert "Roles saved." in page
    assert "data-pending" in page
    assert '<meta http-equiv="refresh"' in page
    world.applied = 4
    seats = (await browser.get(f"/users/{ADA.id}/seats?version=4")).text
    assert "data-pending" not in seats
    assert "Assigned" in seats


async def test_taking_every_role_away_is_a_change_too(browser: Browser, world: World) -> None:
    await browser.sign_in()
    await browser.post(ROLES, version="3")
    assert list(world.people[ADA.id].roles) == []


async def test_a_change_of_what_somebody_else_has_changed_is_told_and_not_made(browser: Browser, world: World) -> None:
    await browser.sign_in()
    answer = await browser.post(ROLES, version="2", roles=["observer"])
    page = (await browser.get(answer.headers["location"])).text
    assert "Roles not saved. Somebody else has just changed this person." in page
    assert "Roles not saved." not in (await browser.get(answer.headers["location"])).text
    assert world.people[ADA.id].roles == ADA.roles


@pytest.mark.parametrize("csrf", ["", "guessed", "ä"])
async def test_a_form_that_is_not_from_this_session_does_nothing(browser: Browser, world: World, csrf: str) -> None:
    await browser.sign_in()
    for address in (ROLES, "/sign-out", "/appearance"):
        answer = await browser.http.post(address, data={"csrf": csrf, "version": "3", "roles": ["org_admin"]})
        assert answer.status_code == 403
        assert "This form is no longer valid." in answer.text
    assert world.people[ADA.id].roles == ADA.roles
    assert (await browser.http.get("/licenses")).status_code == 200


@pytest.mark.parametrize(
    "told", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil.test"}]
)
async def test_what_another_site_sends_is_done_by_no_route_whatever_mark_it_brings(
    browser: Browser, world: World, told: dict[str, str]
) -> None:
    await browser.sign_in()
    mark = await browser.csrf()
    acts = [
        (verb, re.sub(r"\{\w+\}", str(ADA.id), route.path))
        for router in SERVICE.routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for verb in (route.methods or set()) & WRITES
    ]
    assert len(acts) >= 4
    for verb, address in acts:
        form = {"csrf": mark, "version": "3", "roles": ["org_admin"]}
        answer = await browser.http.request(verb, address, data=form, headers=told)
        assert (answer.status_code, "Another site sent this" in answer.text) == (403, True), address
    assert world.people[ADA.id].roles == ADA.roles
    own = {"sec-fetch-site": "same-origin", "origin": HOME}
    assert (await browser.http.post("/appearance", data={"csrf": mark}, headers=own)).status_code == 303


async def test_every_form_asks_for_the_sessions_mark_but_the_one_of_a_mails_link() -> None:
    unmarked = [
        route.path
        for router in SERVICE.routers
        for route in router.routes
        if isinstance(route, APIRoute) and (route.methods or set()) & WRITES and OwnForm not in route.dependencies
    ]
    assert unmarked == ["/keep/{token}"], "which no other site knows the address of"


async def test_another_sessions_token_is_as_good_as_none(browser: Browser) -> None:
    await browser.sign_in()
    theirs = await browser.csrf()
    browser.http.cookies.clear()
    await browser.sign_in()
    assert (await browser.http.post("/sign-out", data={"csrf": theirs})).status_code == 403


async def test_a_form_without_a_session_is_refused(browser: Browser) -> None:
    assert (await browser.http.post(ROLES, data={"csrf": "", "version": "3"})).status_code in (401, 403)
