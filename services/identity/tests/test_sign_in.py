"""Signing in as a browser and a client do it: code flow with PKCE, refresh, sign-out."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from httpx import AsyncClient, Response
from joserfc import jwt
from joserfc.jwk import KeySet

from usher_identity.oidc.throttle import ACCOUNT_TRIES

from .story import CONSOLE_SECRET, ISSUER, Caller, House, ok

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
CALLBACK = "http://console.test/sign-in/callback"
PASSWORD = "correct horse battery"
REQUEST = {
    "response_type": "code",
    "client_id": "console",
    "redirect_uri": CALLBACK,
    "scope": "openid profile email",
    "state": "the-state",
    "nonce": "the-nonce",
    "code_challenge": create_s256_code_challenge(VERIFIER),
    "code_challenge_method": "S256",
}


class Browser:
    """One browser, with its cookies."""

    def __init__(self, house: House) -> None:
        self.house = house
        transport = house.http._transport
        self.http = AsyncClient(transport=transport, base_url=ISSUER, headers={"user-agent": "Browser of a test"})

    async def authorize(self, **changes: str | None) -> Response:
        asked = {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}
        return await self.http.get("/oauth/authorize", params=asked)

    async def sign_in(self, name: str = "ada", password: str = PASSWORD, headers: Any = None) -> Response:
        form = {"user_name": name, "password": password}
        return await self.http.post("/oauth/authorize", params=REQUEST, data=form, headers=headers)

    async def code(self) -> str:
        """A code, from signing in."""
        return answered(await self.sign_in())["code"]


def answered(response: Response) -> dict[str, str]:
    """What the browser brings back to the client."""
    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


async def redeem(house: House, code: str, **changes: str) -> Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return await house.token("console", CONSOLE_SECRET, **{**form, **changes})


async def refresh(house: House, refresh_token: str) -> Response:
    return await house.token("console", CONSOLE_SECRET, grant_type="refresh_token", refresh_token=refresh_token)


@pytest.fixture
async def ada(house: House) -> Any:
    """Somebody with a password."""
    person = await house.person("ada", email="ada@example.org", roles=["learner"])
    await house.system.post(f"/v1/users/{person['id']}/password", password=PASSWORD)
    return person


@pytest.fixture
async def browser(house: House, ada: Any) -> Browser:
    return Browser(house)


async def test_a_person_signs_in_and_the_client_learns_who(house: House, browser: Browser, ada: Any) -> None:
    page = await browser.authorize()
    assert (page.status_code, "Sign in" in page.text) == (200, True)
    assert "form-action 'self' http://console.test" in page.headers["content-security-policy"]
    back = answered(await browser.sign_in())
    assert back["state"] == "the-state"
    tokens = ok(await redeem(house, back["code"]))
    keys = KeySet.import_key_set(ok(await house.http.get("/.well-known/jwks.json")))
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, "console", ada["id"])
    assert (claims["nonce"], claims["name"], claims["email"]) == ("the-nonce", "Ada", "ada@example.org")
    caller = Caller(house.http, tokens["access_token"])
    assert (await caller.get("/v1/me"))["user_id"] == ada["id"]
    assert (await caller.get("/oauth/userinfo"))["preferred_username"] == "ada"
    assert (await Caller(house.http, tokens["id_token"]).ask("GET", "/v1/me")).status_code == 401


async def test_signing_in_is_a_login(house: House, browser: Browser, ada: Any) -> None:
    await house.told()
    await browser.sign_in()
    [(key, attributes, fact)] = await house.told()
    assert (key, fact["user_id"], fact["method"]) == ("identity.user.logged_in.v1", ada["id"], "password")
    assert attributes["actor"] == f"user:{ada['id']}"


async def test_who_is_signed_in_goes_back_at_once(browser: Browser) -> None:
    await browser.sign_in()
    assert answered(await browser.authorize())["code"]
    assert (await browser.authorize(prompt="login")).status_code == 200


async def test_a_wrong_verifier_is_refused(house: House, browser: Browser) -> None:
    refused = await redeem(house, await browser.code(), code_verifier=VERIFIER[::-1])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    missing = await redeem(house, await browser.code(), code_verifier="")
    assert missing.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "change", [{"code_challenge": None}, {"code_challenge_method": "plain"}, {"code_challenge_method": None}]
)
async def test_pkce_is_required(browser: Browser, change: dict[str, str | None]) -> None:
    assert answered(await browser.authorize(**change))["error"] == "invalid_request"


async def test_a_code_is_good_once_and_its_reuse_ends_the_session(house: House, browser: Browser) -> None:
    code = await browser.code()
    tokens = ok(await redeem(house, code))
    assert (await redeem(house, code)).json()["error"] == "invalid_grant"
    assert (await refresh(house, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await browser.authorize()).status_code == 200, "the browser is asked to sign in again"


async def test_a_code_expires(house: House, browser: Browser) -> None:
    code = await browser.code()
    house.pass_time(minutes=2)
    assert (await redeem(house, code)).json()["error"] == "invalid_grant"


async def test_a_code_is_its_clients_and_its_redirect_uris(house: House, browser: Browser) -> None:
    elsewhere = await redeem(house, await browser.code(), redirect_uri=f"{CALLBACK}/")
    assert elsewhere.json()["error"] == "invalid_grant"
    form = {"grant_type": "authorization_code", "code": await browser.code(), "code_verifier": VERIFIER}
    assert (await house.token("console", "a wrong secret", **form)).json()["error"] == "invalid_client"


@pytest.mark.parametrize("uri", ["http://console.test/elsewhere", f"{CALLBACK}?x=1", "http://evil.test/\u00e4", None])
async def test_a_redirect_uri_that_is_not_the_clients_is_never_followed(browser: Browser, uri: str | None) -> None:
    answer = await browser.authorize(redirect_uri=uri)
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_an_unknown_client_is_told_on_a_page(browser: Browser) -> None:
    answer = await browser.authorize(client_id="nobody")
    assert (answer.is_redirect, "cannot go on" in answer.text) == (False, True)


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("", "")])
async def test_a_wrong_name_and_a_wrong_password_look_alike(browser: Browser, name: str, password: str) -> None:
    answer = await browser.sign_in(name, password)
    assert answer.status_code == 401
    assert "The user name or the password is not right." in answer.text


async def test_an_email_in_any_case_is_a_name_too(browser: Browser) -> None:
    assert answered(await browser.sign_in("ADA@example.org"))["code"]


async def test_who_is_not_active_does_not_get_in(house: House, browser: Browser, ada: Any) -> None:
    tokens = ok(await redeem(house, await browser.code()))
    await house.system.patch(f"/v1/users/{ada['id']}", status="archived")
    assert (await browser.sign_in()).status_code == 401
    assert (await refresh(house, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await browser.authorize()).status_code == 200


async def test_guessing_is_slowed_down_and_the_right_password_waits_too(browser: Browser) -> None:
    for _ in range(ACCOUNT_TRIES):
        assert (await browser.sign_in(password="a guess")).status_code == 401
    assert (await browser.sign_in()).status_code == 429


async def test_without_redis_people_still_sign_in(house: House, browser: Browser) -> None:
    house.runtime.redis.connection_pool.connection_kwargs["port"] = 1
    await house.runtime.redis.connection_pool.disconnect()
    assert answered(await browser.sign_in())["code"]


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "http://evil.test"}, {"origin": "null"}]
)
async def test_another_sites_form_signs_nobody_in_and_nobody_out(
    house: House, browser: Browser, headers: dict[str, str]
) -> None:
    assert (await browser.sign_in(headers=headers)).status_code == 403
    await browser.sign_in()
    assert (await browser.http.post("/oauth/logout", headers=headers)).status_code == 403
    assert answered(await browser.authorize())["code"], "they are still signed in"


async def test_what_was_typed_is_shown_as_text(browser: Browser) -> None:
    answer = await browser.sign_in('"><script>alert(1)</script>', "x")
    assert "<script>" not in answer.text
    assert re.search(r'value="&#34;&gt;&lt;script&gt;', answer.text)


async def test_refreshing_rotates_and_a_stolen_token_ends_the_session(house: House, browser: Browser) -> None:
    first = ok(await redeem(house, await browser.code()))
    second = ok(await refresh(house, first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    ok(await refresh(house, first["refresh_token"]))  # two tabs at once
    house.pass_time(minutes=1)
    assert (await refresh(house, first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await refresh(house, second["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_session_lasts_while_it_is_used(house: House, browser: Browser) -> None:
    tokens = ok(await redeem(house, await browser.code()))
    for _ in range(3):
        house.pass_time(hours=8)
        tokens = ok(await refresh(house, tokens["refresh_token"]))
    house.pass_time(hours=13)
    assert (await refresh(house, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_client_signs_its_person_out(house: House, browser: Browser) -> None:
    tokens = ok(await redeem(house, await browser.code()))
    home = "http://console.test/signed-out"
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": home}
    gone = await browser.http.get("/oauth/logout", params=query)
    assert (gone.status_code, gone.headers["location"]) == (303, home)
    assert (await browser.authorize()).status_code == 200
    assert (await refresh(house, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_without_an_id_token_the_person_is_asked_and_led_nowhere(house: House, browser: Browser) -> None:
    await browser.sign_in()
    query = {"client_id": "console", "post_logout_redirect_uri": "http://console.test/signed-out"}
    asked = await browser.http.get("/oauth/logout", params=query)
    assert (asked.status_code, "Sign out?" in asked.text) == (200, True)
    assert answered(await browser.authorize())["code"]
    done = await browser.http.post("/oauth/logout", params=query)
    assert (done.status_code, "You are signed out" in done.text) == (200, True)
    assert (await browser.authorize()).status_code == 200


async def test_sessions_are_listed_and_ended(house: House, browser: Browser, ada: Any) -> None:
    tokens = ok(await redeem(house, await browser.code()))
    caller = Caller(house.http, tokens["access_token"])
    [session] = (await caller.get("/v1/sessions"))["items"]
    assert session["user_agent"] == "Browser of a test"
    stranger = await house.as_person(await house.person("bob", roles=["reporter"]))
    assert (await stranger.ask("DELETE", f"/v1/sessions/{session['id']}")).status_code == 403
    assert (await caller.ask("DELETE", f"/v1/sessions/{session['id']}")).status_code == 204
    assert (await refresh(house, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await house.system.get("/v1/sessions", user_id=ada["id"]))["items"] == []


async def test_a_person_changes_their_password_by_the_one_they_have(house: House, browser: Browser, ada: Any) -> None:
    tokens = ok(await redeem(house, await browser.code()))
    caller, path = Caller(house.http, tokens["access_token"]), f"/v1/users/{ada['id']}/password"
    fresh = {"password": "another long one"}
    assert (await caller.ask("POST", path, json=fresh)).status_code == 400
    assert (await caller.ask("POST", path, json={**fresh, "current_password": PASSWORD})).status_code == 204
    assert (await refresh(house, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await browser.sign_in()).status_code == 401
    assert answered(await browser.sign_in(password=fresh["password"]))["code"]
    other = await house.as_person(await house.person("bob", roles=["org_admin"]))
    assert (await other.ask("POST", path, json=fresh)).status_code == 403
