"""Signing in and out, sessions, and what ends them."""

from http.cookies import SimpleCookie

import pytest
from redis.asyncio import Redis

from usher_console.http.pages import own_address
from usher_console.settings import SESSION_SECONDS, SIGN_IN_SECONDS
from usher_console.visitors import FRESH_SECONDS

from . import story
from .conftest import COOKIE, Browser
from .house import World


async def test_a_stranger_is_sent_to_identity_and_comes_back_to_the_page_they_wanted(browser: Browser) -> None:
    page = await browser.get("/licenses?sort=-learn.assigned")
    assert page.status_code == 200
    assert str(page.url).endswith("/licenses?sort=-learn.assigned")
    assert "License Dashboard" in page.text


async def test_who_reads_no_reports_lands_on_their_own_seats(browser: Browser, world: World) -> None:
    world.me = story.administrator("learner")
    page = await browser.sign_in()
    assert page.url.path == f"/users/{world.me.id}"
    assert "Olive Winters" in page.text


@pytest.mark.parametrize(
    "asked", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\r\nSet-Cookie: x=y"]
)
def test_nobody_is_sent_elsewhere(asked: str) -> None:
    assert own_address(asked) == "/"


async def test_the_cookie_holds_a_signed_id_and_nothing_else(browser: Browser) -> None:
    await browser.sign_in()
    cookie = browser.http.cookies[COOKIE]
    assert "access-" not in cookie
    browser.comes_with(cookie[:-2] + ("aa" if cookie[-2:] != "aa" else "bb"))
    assert (await browser.http.get("/licenses")).status_code == 303


async def test_scripts_and_other_sites_do_not_get_the_cookie(browser: Browser) -> None:
    answer = await browser.http.get("/sign-in")
    morsel = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"
    assert morsel["path"] == "/"


async def test_the_session_gets_a_new_id_when_somebody_signs_in(browser: Browser) -> None:
    await browser.http.get("/sign-in")
    before = browser.http.cookies[COOKIE]
    await browser.sign_in()
    assert browser.http.cookies[COOKIE] != before


async def test_an_answer_to_another_browsers_sign_in_is_refused(browser: Browser) -> None:
    page = await browser.http.get("/sign-in/callback?code=stolen&state=unknown")
    assert page.status_code == 400
    assert "Sign-in did not finish" in page.text


async def test_who_reads_redis_learns_neither_a_session_id_nor_a_token(browser: Browser, redis_url: str) -> None:
    await browser.sign_in()
    async with Redis.from_url(redis_url) as redis:
        keys = [key async for key in redis.scan_iter("console:session:*")]
        kept = repr([*keys, *await redis.mget(keys)])
    assert keys
    assert browser.session_id not in kept
    assert "access-" not in kept


async def test_who_does_not_sign_in_is_soon_forgotten(browser: Browser, redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        await browser.http.get("/sign-in")
        [key] = [key async for key in redis.scan_iter("console:session:*")]
        assert await redis.ttl(key) <= SIGN_IN_SECONDS
        await browser.sign_in()
        [key] = [key async for key in redis.scan_iter("console:session:*")]
        assert SIGN_IN_SECONDS < await redis.ttl(key) <= SESSION_SECONDS


async def test_signing_out_ends_the_session_for_who_kept_its_cookie(browser: Browser) -> None:
    await browser.sign_in()
    kept = browser.http.cookies[COOKIE]
    answer = await browser.post("/sign-out")
    assert answer.headers["location"].endswith("/signed-out")
    browser.comes_with(kept)
    assert (await browser.http.get("/licenses")).headers["location"].startswith("/sign-in")


async def test_a_lost_role_ends_access_within_five_seconds(browser: Browser, world: World) -> None:
    await browser.sign_in()
    world.me = story.administrator("learner")
    assert (await browser.http.get("/licenses")).status_code == 200
    browser.hands.seconds += FRESH_SECONDS
    page = await browser.http.get("/licenses")
    assert page.status_code == 403
    assert "not open to you" in page.text


async def test_somebody_whom_identity_no_longer_knows_signs_in_again(browser: Browser, world: World) -> None:
    await browser.sign_in()
    world.takes_tokens = False
    browser.hands.seconds += FRESH_SECONDS
    assert (await browser.http.get("/licenses")).headers["location"] == "/sign-in?next=%2Flicenses"


async def test_what_a_script_asks_for_is_refused_and_not_redirected(browser: Browser) -> None:
    assert (await browser.http.get("/licenses/figures", headers={"X-Fragment": "1"})).status_code == 401
    assert (await browser.http.get("/live")).status_code == 401


async def test_an_access_token_is_renewed_before_it_expires(browser: Browser, world: World) -> None:
    await browser.sign_in()
    asked = world.asked.count("POST /oauth/token")
    browser.clock.move_by(minutes=9, seconds=30)
    browser.hands.seconds += FRESH_SECONDS
    assert (await browser.http.get("/licenses")).status_code == 200
    assert (await browser.http.get("/licenses")).status_code == 200
    assert world.asked.count("POST /oauth/token") == asked + 1


async def test_where_the_sign_in_has_ended_renewal_leads_to_sign_in(browser: Browser, world: World) -> None:
    await browser.sign_in()
    world.refuses_renewal = True
    browser.clock.move_by(minutes=9, seconds=30)
    assert (await browser.http.get("/licenses")).headers["location"].startswith("/sign-in")


async def test_without_redis_nobody_is_taken_for_signed_in(browser: Browser) -> None:
    await browser.sign_in()
    nobody = Redis.from_url("redis://127.0.0.1:1")
    browser.use_redis(nobody)
    page = await browser.http.get("/licenses")
    await nobody.aclose()
    assert page.status_code == 503
    assert "cannot look up your session" in page.text
    assert page.headers["content-security-policy"]
    assert "License Dashboard" not in page.text


async def test_without_identity_nothing_is_shown(browser: Browser, world: World) -> None:
    await browser.sign_in()
    browser.hands.seconds += FRESH_SECONDS
    world.away = {"identity"}
    page = await browser.http.get("/licenses")
    assert page.status_code == 503
    assert "identity service is not answering" in page.text


async def test_without_identity_one_cannot_sign_in_and_is_told_so(browser: Browser, world: World) -> None:
    world.away = {"identity"}
    page = await browser.http.get("/sign-in")
    assert page.status_code == 503
