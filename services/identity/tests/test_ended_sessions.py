"""A session that has ended takes its access tokens along, in every service, whichever way it ended."""

from typing import Any

import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from usher_identity.ending import TOLD_UNTIL, tell_of_ended
from usher_kit import ended_sessions

from .story import Caller, House, ok
from .test_sign_in import PASSWORD, Browser, ada, browser, redeem, refresh

__all__ = ["ada", "browser"]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was told is read at each request, rather than at most once a second."""
    monkeypatch.setattr(ended_sessions, "FRESH_SECONDS", -1.0)


async def signed_in(house: House, browser: Browser) -> tuple[Caller, Any]:
    tokens = ok(await redeem(house, await browser.code()))
    return Caller(house.http, tokens["access_token"]), tokens["refresh_token"]


async def is_let_in(caller: Caller) -> bool:
    return (await caller.ask("GET", "/v1/me")).status_code == 200


async def test_whichever_way_a_session_ends_its_tokens_end_with_it_and_no_others(
    house: House, browser: Browser, ada: Any
) -> None:
    async def ended_by_hand(caller: Caller, _: str) -> None:
        [*_others, last] = sorted((await caller.get("/v1/sessions"))["items"], key=lambda one: one["created_at"])
        await caller.ask("DELETE", f"/v1/sessions/{last['id']}")

    async def stolen(_: Caller, refresh_token: str) -> None:
        await refresh(house, refresh_token)
        house.pass_time(seconds=60)
        await refresh(house, refresh_token)

    async def changed_password(caller: Caller, _: str) -> None:
        body = {"password": "another long one", "current_password": PASSWORD}
        await caller.ask("POST", f"/v1/users/{ada['id']}/password", json=body)

    for end in (ended_by_hand, stolen, changed_password):
        other, _ = await signed_in(house, Browser(house))
        house.pass_time(seconds=1)
        caller, token = await signed_in(house, Browser(house))
        await tell_of_ended(house.runtime)
        assert await is_let_in(caller)
        await end(caller, token)
        await tell_of_ended(house.runtime)
        assert not await is_let_in(caller), end.__name__
        assert await is_let_in(other) is (end is not changed_password), "a new password ends every session"


async def test_redis_may_forget_or_be_away_and_what_was_told_still_holds(
    house: House, app: FastAPI, browser: Browser
) -> None:
    (gone, _), (stays, _) = await signed_in(house, Browser(house)), await signed_in(house, Browser(house))
    latest = (await gone.get("/v1/sessions"))["items"]
    principal = await app.state.guard.verifier.read(gone.token)
    assert str(principal.session_id) in [one["id"] for one in latest]
    await gone.ask("DELETE", f"/v1/sessions/{principal.session_id}")
    await tell_of_ended(house.runtime)
    await house.runtime.redis.delete(ended_sessions.KEY, TOLD_UNTIL)
    house.pass_time(minutes=5)
    await tell_of_ended(house.runtime)
    assert not await is_let_in(gone)
    there, app.state.guard.ended.redis = app.state.guard.ended.redis, Redis(port=1)
    assert not await is_let_in(gone)
    assert await is_let_in(stays)
    app.state.guard.ended.redis = there
