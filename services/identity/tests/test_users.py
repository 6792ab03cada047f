"""People over HTTP: found, created, changed, and seen by those alone who may."""

from typing import Any

import pytest

from .story import CHECK_SECRET, Caller, House


async def found(caller: Caller, **query: Any) -> list[str]:
    return [user["user_name"] for user in (await caller.get("/v1/users", **query))["items"]]


async def test_a_new_person_is_told_in_two_facts(house: House) -> None:
    await house.told()
    ada = await house.person("ada", email="ada@example.org", roles=["learner"], external_id="T-1", source="roster")
    told = {key: fact for key, _, fact in await house.told()}
    assert sorted(told) == ["identity.user.changed.v1", "identity.user_profile.changed.v1"]
    assert told["identity.user_profile.changed.v1"]["external_id"] == "T-1"
    assert ada["external_ids"] == [{"source": "roster", "external_id": "T-1"}]
    assert (ada["version"], ada["profile_version"]) == (1, 1)


async def test_people_are_found_by_organization_role_status_and_text(house: House) -> None:
    await house.person("mkovac", "north", display_name="Maria Kovač", email="m.kovac@example.org", roles=["learner"])
    await house.person("zed", "south", display_name="Zed Alpha", roles=["observer"])
    await house.system.patch(f"/v1/users/{(await house.person('gone', 'south'))['id']}", status="archived")
    district, north = (house.organizations[name]["id"] for name in ("district", "north"))
    assert await found(house.system, org_id=district) == ["gone", "mkovac", "zed"]
    assert await found(house.system, org_id=north) == ["mkovac"]
    assert await found(house.system, role="observer") == ["zed"]
    assert await found(house.system, status="archived") == ["gone"]
    for q in ("maria k", "KOVAČ", "mkov", "m.kovac@"):
        assert await found(house.system, q=q) == ["mkovac"], q
    assert await found(house.system, q="ovač") == []


async def test_an_identifier_is_an_id_a_user_name_an_email_or_an_external_id(house: House) -> None:
    ada = await house.person("ada", email="ada@example.org", external_id="T-1")
    await house.person("adam")
    for identifier in (ada["id"], ada["id"].upper(), "ADA", "Ada@Example.org", "t-1"):
        assert await found(house.system, identifier=identifier) == ["ada"], identifier
    assert await found(house.system, identifier="ad") == []


async def test_a_list_is_paged_by_name_without_losing_anybody(house: House) -> None:
    for number in range(7):
        await house.person(f"user{number}", display_name=f"Same {number % 2}")
    seen, cursor = [], None
    while True:
        page = await house.system.get("/v1/users", limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [user["user_name"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(f"user{number}" for number in range(7))
    assert (await house.system.ask("GET", "/v1/users", params={"cursor": "bogus"})).status_code == 422


async def test_another_tenants_person_is_not_found(house: House) -> None:
    other = await house.system.post("/v1/organizations", name="Other District")
    house.organizations["other"] = other
    stranger = await house.person("stranger", "other")
    admin = await house.as_person(await house.person("admin", "district", roles=["org_admin"]))
    assert (await admin.ask("GET", f"/v1/users/{stranger['id']}")).status_code == 404
    assert (await admin.ask("PUT", f"/v1/users/{stranger['id']}/roles", json={"roles": []})).status_code == 404
    assert (await admin.ask("GET", "/v1/users", params={"org_id": other["id"]})).status_code == 404
    assert (await admin.ask("GET", f"/v1/organizations/{other['id']}")).status_code == 404
    assert await found(admin, identifier="stranger") == []
    body = {"org_id": other["id"], "user_name": "x", "display_name": "X"}
    assert (await admin.ask("POST", "/v1/users", json=body)).status_code == 404


async def test_everybody_reads_their_own_profile_and_no_other(house: House) -> None:
    ada, bob = await house.person("ada", roles=["learner"]), await house.person("bob")
    caller = await house.as_person(ada)
    me = await caller.get("/v1/me")
    assert (me["user_name"], me["organization"], me["roles"]) == ("ada", "North School", ["learner"])
    assert (await caller.get(f"/v1/users/{ada['id']}"))["user_name"] == "ada"
    assert (await caller.ask("GET", f"/v1/users/{bob['id']}")).status_code == 403
    assert (await house.system.ask("GET", "/v1/me")).status_code == 403


@pytest.mark.parametrize("name", ["ADA", " ada "])
async def test_a_user_name_is_taken_in_any_case(house: House, name: str) -> None:
    await house.person("ada")
    body = {"org_id": house.organizations["south"]["id"], "user_name": name, "display_name": "Another"}
    refused = await house.system.ask("POST", "/v1/users", json=body)
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["pointer"] == "/user_name"


async def test_a_person_moves_within_their_tenant_alone(house: House) -> None:
    ada = await house.person("ada", "north")
    other = await house.system.post("/v1/organizations", name="Other District")
    path = f"/v1/users/{ada['id']}"
    moved = await house.system.patch(path, org_id=house.organizations["south"]["id"])
    assert moved["org_id"] == house.organizations["south"]["id"]
    assert (await house.system.ask("PATCH", path, json={"org_id": other["id"]})).status_code == 422


async def test_an_email_can_be_taken_away(house: House) -> None:
    ada = await house.person("ada", email="ada@example.org")
    assert (await house.system.patch(f"/v1/users/{ada['id']}", email=None))["email"] is None


async def test_a_products_client_resolves_one_name_at_a_time(house: House) -> None:
    await house.person("ada", external_id="T-1")
    product = await house.client("check", CHECK_SECRET)
    assert await found(product, identifier="T-1") == ["ada"]
    assert (await product.ask("GET", "/v1/users")).status_code == 403
    assert (await product.ask("GET", "/v1/doctor")).status_code == 403


async def test_logins_are_told_in_bulk(house: House) -> None:
    ada = await house.person("ada")
    await house.told()
    nobody = "00000000-0000-7000-8000-00000000ffff"
    logins = [
        {"user_id": ada["id"], "at": "2026-08-01T10:00:00Z", "method": "sso"},
        {"user_id": nobody, "at": "2026-08-01T10:00:00Z"},
    ]
    answer = await house.system.post("/v1/logins:bulk", logins=logins)
    assert answer == {"accepted": 1, "unknown_users": [nobody]}
    [(key, attributes, fact)] = await house.told()
    assert (key, fact["method"], attributes["time"]) == ("identity.user.logged_in.v1", "sso", "2026-08-01T10:00:00Z")
    assert fact["org_id"] == house.organizations["north"]["id"]
    ahead = {"logins": [{"user_id": ada["id"], "at": "2026-09-02T10:00:00Z"}]}
    refused = await house.system.ask("POST", "/v1/logins:bulk", json=ahead)
    assert refused.json()["errors"][0]["pointer"] == "/logins/0/at"


async def test_the_doctor_gets_figures_of_every_tenant(house: House) -> None:
    await house.person("ada")
    await house.system.patch(f"/v1/users/{(await house.person('bob'))['id']}", status="suspended")
    tenants = {one["tenant_id"]: one for one in (await house.system.get("/v1/doctor"))["tenants"]}
    figures = tenants[house.organizations["district"]["id"]]
    assert (figures["organizations"], figures["people_active"]) == (3, 1)
    assert figures["people_by_status"] == {"active": 1, "suspended": 1}
    assert len(figures["people_checksum"]) == 32
    assert figures["outbox_waiting"] >= len(
        [1 for _, one, _ in await house.told() if one["tenantid"] == figures["tenant_id"]]
    )
