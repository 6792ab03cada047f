"""The way to a report's file that mails link to: for who is signed in, and as reporting gives it to them."""

from uuid import UUID

from .conftest import Browser
from .house import World

KEPT, GONE = UUID(int=70), UUID(int=71)


async def test_the_link_leads_over_sign_in_to_the_file(browser: Browser, world: World) -> None:
    world.files = {KEPT: b"at\r\n" * 100_000}
    assert (await browser.http.get(f"/exports/{KEPT}")).status_code == 303
    answer = await browser.get(f"/exports/{KEPT}")
    assert answer.content == world.files[KEPT]
    assert answer.headers["content-disposition"] == 'attachment; filename="usher-claims.csv"'
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-length"] == "400000"
    assert "x-own" not in answer.headers


async def test_a_file_that_is_not_there_is_a_page_that_says_why(browser: Browser, world: World) -> None:
    await browser.sign_in()
    gone = await browser.get(f"/exports/{GONE}")
    assert gone.status_code == 410
    assert "has expired" in gone.text
    world.away = {"reporting"}
    assert (await browser.get(f"/exports/{GONE}")).status_code == 503
