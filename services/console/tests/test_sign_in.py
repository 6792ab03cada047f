"""Signing in and out, sessions, and what ends them."""

from .conftest import Browser


async def test_a_stranger_is_sent_to_identity_and_comes_back_to_the_page_they_wanted(browser: Browser) -> None:
    page = await browser.get("/licenses?sort=-learn.assigned")
    assert page.status_code == 200
    assert str(page.url).endswith("/licenses?sort=-learn.assigned")
    assert "License Dashboard" in page.text
