"""Signing in by another provider: a real one, of another library, in a process of its own."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from usher_identity.oidc import issuers
from usher_identity.settings import IdentitySettings
from usher_kit.outbound.addresses import Allowed
from usher_kit.outbound.fetching import Outbound

from .other_provider import CLIENT_ID, SECRET
from .story import ISSUER, Caller, House, ok
from .test_sign_in import PASSWORD, REQUEST, answered, redeem

CLAIMS = {"roles": "realm_access.roles"}
MAPPING = {"Lehrkraft": ["learner", "observable"], "Leitung": ["org_admin"]}
ADA = {
    "sub": "subject-ada",
    "preferred_username": "ada",
    "name": "Ada L.",
    "email": "ada@example.org",
    "email_verified": True,
    "realm_access": {"roles": ["Lehrkraft", "offline_access"]},
}


@dataclass
class Other:
    """The provider's process, from outside."""

    url: str

    def tell(self, **said: Any) -> Any:
        return httpx.post(f"{self.url}/control", json=said, timeout=30).raise_for_status().json()


@pytest.fixture(scope="module")
def process() -> Iterator[Other]:
    program = [sys.executable, str(Path(__file__).with_name("other_provider.py"))]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        yield Other(f"http://127.0.0.1:{running.stdout.readline().strip()}")
        running.terminate()


@pytest.fixture
def settings(settings: IdentitySettings) -> IdentitySettings:
    return settings.model_copy(update={"key_secret": type(settings.key_secret)("what seals secrets at rest")})


@pytest.fixture
async def other(process: Other, app: FastAPI) -> AsyncIterator[Other]:
    outbound = Outbound(Allowed.read(urlsplit(process.url).netloc))
    app.state.runtime = replace(app.state.runtime, outbound=outbound)
    process.tell(mischief="", user="ada", people={"ada": ADA})
    yield process
    await outbound.aclose()


@dataclass
class Browser:
    """A browser that goes where it is sent, at identity and at the provider."""

    house: House
    http: AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = AsyncClient(transport=self.house.http._transport, base_url=ISSUER)

    async def leave(self, provider: Any, **more: str) -> str:
        """Where the provider sends the browser back to."""
        begun = await self.http.get(f"/oauth/providers/{provider['id']}/begin", params={**REQUEST, **more})
        assert begun.status_code == 303, begun.text
        async with AsyncClient() as outside:
            there = await outside.get(begun.headers["location"])
        assert there.status_code == 302, there.text
        return there.headers["location"]

    async def sign_in(self, provider: Any) -> Response:
        return await self.http.get(await self.leave(provider))


async def connect(house: House, other: Other, caller: Caller | None = None, **given: Any) -> Any:
    body = {
        "name": "okta",
        "org_id": house.organizations["district"]["id"],
        "issuer": other.url,
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "claims": CLAIMS,
        "mapping": MAPPING,
        "links_by": ["user_name"],
    }
    made = await (caller or house.system).post("/v1/identity-providers", **{**body, **given})
    other.tell(redirects=[made["redirect_uri"]])
    return made


async def me(house: House, signed_in: Response) -> Any:
    tokens = ok(await redeem(house, answered(signed_in)["code"]))
    return await Caller(house.http, tokens["access_token"]).get("/v1/me")


async def test_a_person_signs_in_by_another_provider_and_gets_its_roles(house: House, other: Other) -> None:
    person = await house.person("ada", roles=["reporter"])
    provider = await connect(house, other)
    await house.facts()
    found = await me(house, await Browser(house).sign_in(provider))
    assert (found["id"], found["display_name"]) == (person["id"], "Ada"), "a sign-in renames nobody"
    assert sorted(found["roles"]) == ["learner", "observable", "reporter"]
    shown = await house.system.get(f"/v1/users/{person['id']}")
    by = {one["role"]: one["sources"] for one in shown["roles"]}
    assert by == {"learner": ["idp:okta"], "observable": ["idp:okta"], "reporter": ["manual"]}
    facts = await house.facts()
    assert [fact["method"] for key, _, fact in facts if key == "identity.user.logged_in.v1"] == ["sso"]
    assert "user.link_sign_in" in [fact["act"] for _, _, fact in facts if "act" in fact]


async def test_the_link_holds_whatever_the_provider_calls_them_later(house: House, other: Other) -> None:
    person = await house.person("ada")
    provider = await connect(house, other)
    await Browser(house).sign_in(provider)
    other.tell(people={"ada": {**ADA, "preferred_username": "renamed", "realm_access": {"roles": ["Leitung"]}}})
    found = await me(house, await Browser(house).sign_in(provider))
    assert (found["id"], found["roles"]) == (person["id"], ["org_admin"])


async def test_what_the_id_token_leaves_out_is_asked_at_userinfo(house: House, other: Other) -> None:
    await house.person("ada")
    provider = await connect(house, other)
    other.tell(mischief="thin")
    assert (await me(house, await Browser(house).sign_in(provider)))["roles"] == ["learner", "observable"]


async def test_a_key_that_is_new_at_the_provider_is_found(
    house: House, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.person("ada")
    provider = await connect(house, other)
    assert answered(await Browser(house).sign_in(provider))["code"]
    monkeypatch.setattr(issuers, "RETRY_SECONDS", 0.0)
    other.tell(rotate=True)
    assert answered(await Browser(house).sign_in(provider))["code"]


async def test_keys_are_not_asked_for_again_and_again(house: House, other: Other) -> None:
    await house.person("ada")
    provider = await connect(house, other)
    other.tell(mischief="another's key")
    before = other.tell()["asked_for_keys"]
    for _ in range(5):
        assert (await Browser(house).sign_in(provider)).status_code == 400
    assert other.tell()["asked_for_keys"] - before <= 1


@pytest.mark.parametrize(
    "mischief",
    [
        "wrong nonce",
        "no nonce",
        "wrong audience",
        "two audiences",
        "another's azp",
        "wrong issuer",
        "expired",
        "no exp",
        "wrong at_hash",
        "no sub",
        "none",
        "HS256 by public key",
        "another's key",
        "garbled signature",
    ],
)
async def test_a_token_that_is_not_the_answer_lets_nobody_in(house: House, other: Other, mischief: str) -> None:
    await house.person("ada")
    provider = await connect(house, other)
    other.tell(mischief=mischief)
    browser = Browser(house)
    answer = await browser.sign_in(provider)
    assert (answer.status_code, "cannot go on" in answer.text) == (400, True)
    assert "usher_sign_in" not in str(browser.http.cookies.jar)


async def test_a_state_is_good_once_and_for_its_browser(house: House, other: Other) -> None:
    await house.person("ada")
    provider = await connect(house, other)
    browser = Browser(house)
    back = await browser.leave(provider)
    assert answered(await browser.http.get(back))["code"]
    assert (await browser.http.get(back)).status_code == 400
    assert (await Browser(house).http.get(await Browser(house).leave(provider))).status_code == 400
    stranger = Browser(house)
    await stranger.leave(provider)
    assert (await stranger.http.get(await Browser(house).leave(provider))).status_code == 400, "another's cookie"


async def test_an_answer_of_another_issuer_is_not_taken(house: House, other: Other) -> None:
    await house.person("ada")
    provider = await connect(house, other)
    browser = Browser(house)
    back = await browser.leave(provider)
    assert (await browser.http.get(f"{back}&iss=https%3A%2F%2Fevil.test")).status_code == 400


@pytest.mark.parametrize(
    ("story", "given", "says", "status"),
    [
        ("nobody is trusted to be named", {"links_by": []}, {}, 403),
        ("an address that was not verified", {"links_by": ["email"]}, {"email_verified": False}, 403),
        ("an address that was verified", {"links_by": ["email"]}, {"preferred_username": "x"}, 303),
        ("a name that nobody has", {}, {"preferred_username": "nobody"}, 403),
    ],
)
async def test_who_is_found(
    house: House, other: Other, story: str, given: dict[str, Any], says: dict[str, Any], status: int
) -> None:
    await house.person("ada", email="ada@example.org")
    provider = await connect(house, other, **given)
    other.tell(people={"ada": {**ADA, **says}})
    assert (await Browser(house).sign_in(provider)).status_code == status, story


async def test_a_second_account_of_the_same_name_does_not_become_them(house: House, other: Other) -> None:
    await house.person("ada")
    provider = await connect(house, other)
    await Browser(house).sign_in(provider)
    other.tell(people={"ada": {**ADA, "sub": "somebody-else"}})
    assert (await Browser(house).sign_in(provider)).status_code == 403


async def test_another_tenants_people_are_not_reached(house: House, other: Other) -> None:
    house.organizations["elsewhere"] = await house.system.post("/v1/organizations", name="Elsewhere")
    await house.person("ada", "elsewhere")
    provider = await connect(house, other, links_by=["user_name", "email", "external_id"])
    assert (await Browser(house).sign_in(provider)).status_code == 403


async def test_a_unit_that_is_not_served_is_not_reached(house: House, other: Other) -> None:
    await house.person("ada", "south")
    provider = await connect(house, other, org_id=house.organizations["north"]["id"])
    assert (await Browser(house).sign_in(provider)).status_code == 403


async def test_people_are_created_where_that_is_wanted(house: House, other: Other) -> None:
    provider = await connect(house, other, creates_people=True)
    found = await me(house, await Browser(house).sign_in(provider))
    assert (found["user_name"], found["display_name"], found["email"]) == ("ada", "Ada L.", "ada@example.org")
    assert found["roles"] == ["learner", "observable"]


async def test_no_claim_gives_what_was_not_mapped(house: House, other: Other) -> None:
    refused = await house.system.ask(
        "POST",
        "/v1/identity-providers",
        json={
            "name": "evil",
            "org_id": house.organizations["district"]["id"],
            "issuer": other.url,
            "client_id": "x",
            "client_secret": "y",
            "mapping": {"boss": ["system_admin"]},
        },
    )
    assert refused.status_code == 422
    await house.person("ada")
    provider = await connect(house, other)
    other.tell(people={"ada": {**ADA, "realm_access": {"roles": ["system_admin", "org_admin", "teacher"]}}})
    assert (await me(house, await Browser(house).sign_in(provider)))["roles"] == []


async def test_a_provider_that_keeps_somebody_does_not_keep_them_here(house: House, other: Other) -> None:
    """Who leaves by the source that has them is archived, whether or not they ever signed in."""
    await house.person("ada")
    provider = await connect(house, other)
    await Browser(house).sign_in(provider)
    person = (await house.system.get("/v1/users", identifier="ada"))["items"][0]
    assert [one["source"] for one in person["external_ids"]] == ["idp:okta"]
    await house.system.patch(f"/v1/users/{person['id']}", status="archived")
    assert (await Browser(house).sign_in(provider)).status_code == 403


async def test_removing_a_provider_ends_what_began_by_it(house: House, other: Other) -> None:
    person = await house.person("ada")
    provider = await connect(house, other)
    browser = Browser(house)
    await browser.sign_in(provider)
    [session] = (await house.system.get("/v1/sessions", user_id=person["id"]))["items"]
    assert session["provider_id"] == provider["id"]
    ok(await house.system.ask("DELETE", f"/v1/identity-providers/{provider['id']}"))
    assert (await house.system.get("/v1/sessions", user_id=person["id"]))["items"] == []
    begun = await browser.http.get(f"/oauth/providers/{provider['id']}/begin", params=REQUEST)
    assert begun.status_code == 404


async def test_the_page_offers_what_concerns_everybody_and_an_organizations_own(house: House, other: Other) -> None:
    provider = await connect(house, other, title="Ada District", domains=["ada.example"])
    browser = Browser(house)
    assert "Ada District" not in (await browser.http.get("/oauth/authorize", params=REQUEST)).text
    own = {**REQUEST, "organization": house.organizations["north"]["id"]}
    assert "Sign in with Ada District" in (await browser.http.get("/oauth/authorize", params=own)).text
    await house.system.patch(f"/v1/identity-providers/{provider['id']}", is_offered=True)
    assert "Sign in with Ada District" in (await browser.http.get("/oauth/authorize", params=REQUEST)).text
    straight = await browser.http.get("/oauth/authorize", params={**REQUEST, "provider": provider["id"]})
    assert straight.headers["location"].startswith(f"providers/{provider['id']}/begin?")


async def test_an_address_leads_to_its_organizations_provider(house: House, other: Other) -> None:
    provider = await connect(house, other, domains=["Ada.example"])
    browser = Browser(house)
    asked = {"user_name": "anybody@ADA.example", "way": "organization"}
    answer = await browser.http.post("/oauth/authorize", params=REQUEST, data=asked)
    assert (answer.status_code, f"providers/{provider['id']}/begin?" in answer.headers["refresh"]) == (200, True)
    unknown = await browser.http.post("/oauth/authorize", params=REQUEST, data={**asked, "user_name": "a@b.example"})
    assert unknown.status_code == 404


async def test_who_may_connect_and_what(house: House, other: Other) -> None:
    root = await house.as_person(await house.person("root-admin", "district", roles=["org_admin"]))
    unit = await house.as_person(await house.person("unit-admin", "north", roles=["org_admin"]))
    provider = await connect(house, other, root)
    assert (await unit.ask("GET", f"/v1/identity-providers/{provider['id']}")).status_code == 404
    path = f"/v1/identity-providers/{provider['id']}"
    assert (await root.ask("PATCH", path, json={"domains": ["ada.example"]})).status_code == 403
    assert (await root.ask("PATCH", path, json={"is_offered": True})).status_code == 403
    stale = await root.ask("PATCH", path, json={"title": "Ours"}, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    changed = ok(await root.ask("PATCH", path, json={"title": "Ours"}))
    assert (changed["title"], "secret" in str(changed)) == ("Ours", False)
    body = {"name": "b", "org_id": house.organizations["north"]["id"], "issuer": other.url}
    own = await unit.ask("POST", "/v1/identity-providers", json={**body, "client_id": "x", "client_secret": "y"})
    assert own.status_code == 403


@pytest.mark.parametrize("issuer", ["https://169.254.169.254", "http://localhost:1", "https://2130706433", "nonsense"])
async def test_an_issuer_inside_is_not_asked(house: House, other: Other, issuer: str) -> None:
    body = {"name": "b", "org_id": house.organizations["district"]["id"], "client_id": "x", "client_secret": "y"}
    answer = await house.system.ask("POST", "/v1/identity-providers", json={**body, "issuer": issuer})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/issuer")


async def test_a_provider_that_takes_roles_from_many_is_held(house: House, other: Other) -> None:
    """A claim that went missing empties no district: the guard counts what sign-ins of an hour take."""
    provider = await connect(house, other)
    people = {f"p{n}": {**ADA, "sub": f"s{n}", "preferred_username": f"p{n}"} for n in range(13)}
    other.tell(people=people)
    for name in people:
        await house.person(name)
        other.tell(user=name)
        await Browser(house).sign_in(provider)
    for name, said in people.items():
        other.tell(user=name, people={name: {**said, "realm_access": {"roles": []}}})
        assert answered(await Browser(house).sign_in(provider))["code"]
    found = (await house.system.get("/v1/users", role="learner", limit=100))["items"]
    assert len(found) > 0, "the last ones keep what they had"
    [held] = (await house.system.get("/v1/change-sets"))["items"]
    assert held["source"] == "idp:okta"
    ok(await house.system.ask("POST", f"/v1/change-sets/{held['id']}:approve", json={}))
    assert (await house.system.get("/v1/users", role="learner", limit=100))["items"] == []


async def test_passwords_go_on(house: House, other: Other) -> None:
    person = await house.person("ada")
    await house.system.post(f"/v1/users/{person['id']}/password", password=PASSWORD)
    await connect(house, other)
    form = {"user_name": "ada", "password": PASSWORD}
    assert answered(await Browser(house).http.post("/oauth/authorize", params=REQUEST, data=form))["code"]
