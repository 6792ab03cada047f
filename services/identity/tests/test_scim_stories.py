"""People and groups said by SCIM: kept as they were said, and made people with roles by the road of all upstreams."""

from typing import Any

from usher_identity.scim.catching_up import catch_up

from .scim_client import GROUP, USER, Client, connect, person, refusal, roles
from .story import Caller, House, ok

FILTERS = {
    'userName eq "ADA"': {"ada"},
    'emails[type eq "work" and value eq "Ada@x.test"]': {"ada"},
    'emails.value co "x.test" and not (userName sw "b")': {"ada"},
    'userName ne "ada"': {"bob"},
    'title pr or externalId eq "B1"': {"bob"},
    'groups.display eq "teachers"': {"bob"},
    'meta.created gt "2020-01-01T00:00:00Z" and userName ew "b"': {"bob"},
    "active eq true": {"ada"},
    'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "bob"': {"bob"},
    'nickName eq "x"': set(),
}


async def test_a_member_of_a_mapped_group_gets_its_roles_and_loses_them_with_it(house: House, client: Client) -> None:
    ada, bob = await client.user("ada"), await client.user("bob", active=True)
    teachers = await client.group("Teachers", ada, bob)
    await client.group("org_admin", ada)
    assert roles(await person(house, "ada")) == {"learner", "observable"}
    ok(await client.change(f"/Groups/{teachers['id']}", {"op": "Remove", "path": "members", "value": [of(ada)]}))
    assert roles(await person(house, "ada")) == set()
    assert roles(await person(house, "bob")) == {"learner", "observable"}
    assert await client.members(teachers) == {bob["id"]}
    assert [one["display"] for one in (await client.show(f"/Users/{bob['id']}"))["groups"]] == ["Teachers"]


def of(user: Any) -> dict[str, Any]:
    return {"value": user["id"]}


async def test_a_changed_mapping_takes_effect_on_members_of_before(house: House) -> None:
    client, made = await connect(house)
    await client.group("Teachers", await client.user("ada"))
    await client.group("Observers", await client.user("bob"))
    await house.system.patch(f"/v1/upstreams/{made['id']}", mapping={"Observers": ["observer"]})
    while await catch_up(house.runtime):
        pass
    assert roles(await person(house, "ada")) == set()
    assert roles(await person(house, "bob")) == {"observer"}


async def test_a_person_is_suspended_comes_back_and_is_deleted(house: House, client: Client) -> None:
    ada = await client.user("ada")
    ok(await client.change(f"/Users/{ada['id']}", {"op": "replace", "value": {"active": "False"}}))
    assert (await person(house, "ada"))["status"] == "suspended"
    ok(await client.change(f"/Users/{ada['id']}", {"op": "Replace", "path": "active", "value": True}))
    assert (await person(house, "ada"))["status"] == "active"
    ok(await client.send("DELETE", f"/Users/{ada['id']}"))
    assert refusal(await client.send("GET", f"/Users/{ada['id']}")) == (404, None)
    assert (await house.system.get("/v1/users", q="ada"))["items"] == []
    again = await client.user("ada")
    assert again["id"] != ada["id"]
    assert (await person(house, "ada"))["status"] == "active"


async def test_who_came_by_another_way_is_linked_unless_out_of_reach(house: House) -> None:
    near = await house.person("ada", "north", roles=["observer"])
    await house.person("bob", "south")
    client, _ = await connect(house, org="north")
    ada = await client.user("ADA", name={"givenName": "Ada", "familyName": "Lovelace"})
    await client.group("Teachers", ada)
    linked = await person(house, "ada")
    assert (linked["id"], linked["display_name"]) == (near["id"], "Ada Lovelace")
    assert roles(linked) == {"observer", "learner", "observable"}
    refused = await client.send("POST", "/Users", {"schemas": [USER], "userName": "Bob"})
    assert refusal(refused) == (409, None)
    assert "does not act for" in refused.json()["detail"]
    assert (await client.show("/Users"))["totalResults"] == 1


async def test_filters_find_what_they_say(client: Client) -> None:
    await client.user("Ada", active=True, emails=[{"value": "ada@x.test", "type": "work"}])
    bob = await client.user("bob", externalId="B1", active=False)
    await client.group("Teachers", bob)
    for filter_, found in FILTERS.items():
        answer = await client.show("/Users", filter=filter_, sortBy="userName")
        assert {one["userName"].lower() for one in answer.get("Resources", ())} == found, filter_


async def test_a_bulk_refuses_what_may_not_be_and_does_the_rest(house: House, client: Client) -> None:
    await client.user("ada")
    group = {"schemas": [GROUP], "displayName": "Teachers", "members": [{"value": "bulkId:b"}]}
    done = await client.bulk(
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"schemas": [USER], "userName": "Ada"}},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"schemas": [USER], "userName": "bob"}},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": group},
    )
    assert [int(one["status"]) for one in done] == [409, 201, 201]
    assert done[0]["response"]["scimType"] == "uniqueness"
    assert roles(await person(house, "bob")) == {"learner", "observable"}


async def test_beyond_the_quota_is_told_to_wait(house: House) -> None:
    client, _ = await connect(house, quota=1)
    await client.show("/Users")
    refused = await client.send("GET", "/Users")
    assert refusal(refused) == (429, None)
    assert refused.headers["Retry-After"] == "60"


async def test_nothing_of_one_upstream_is_there_for_another_of_this_tenant_or_another(house: House) -> None:
    house.organizations["elsewhere"] = await house.system.post("/v1/organizations", name="Bell District")
    client, _ = await connect(house)
    ada = await client.user("ada")
    teachers = await client.group("Teachers", ada)
    for name, org in (("okta", "north"), ("entra", "elsewhere")):
        other, _ = await connect(house, name, org)
        mine = await other.group("Teachers")
        for path, nowhere in ((f"/Users/{ada['id']}", "/Users/none"), (f"/Groups/{teachers['id']}", "/Groups/none")):
            for method, body in bodies(path).items():
                answer, none = [await other.send(method, one, body) for one in (path, nowhere)]
                assert (answer.status_code, answer.content) == (404, none.content), f"{method} {path}"
        assert (await other.show("/Users"))["totalResults"] == 0
        assert (await other.show("", filter=f'id eq "{ada["id"]}"'))["totalResults"] == 0
        joins = {"op": "add", "path": "members", "value": [of(ada)]}
        assert refusal(await other.change(f"/Groups/{mine['id']}", joins)) == (400, "invalidValue")
        gone = {"method": "DELETE", "path": f"/Users/{ada['id']}"}
        assert [one["status"] for one in await other.bulk(gone)] == ["404"]
    assert await client.members(teachers) == {ada["id"]}
    for nobody in (Client(house.http, "none"), Client(house.http, house.system.token), Client(house.http, "")):
        assert refusal(await nobody.send("GET", "/Users"))[0] == 401
    assert (await Caller(house.http, client.token).ask("GET", "/v1/users")).status_code == 401


def bodies(path: str) -> dict[str, Any]:
    """What each method may send to a resource."""
    user = {"schemas": [USER], "userName": "eve"}
    group = {"schemas": [GROUP], "displayName": "Eve's"}
    operation = {"op": "replace", "path": "externalId", "value": "x"}
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    return {"GET": None, "PUT": user if "Users" in path else group, "PATCH": patch, "DELETE": None}
