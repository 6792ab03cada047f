"""People and groups said by SCIM: kept as they were said, and made people with roles by the road of all upstreams."""

from typing import Any

import pytest

from .story import Caller, House, ok

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


async def connect(house: House, name: str = "entra", org: str = "district", **more: Any) -> tuple[Caller, Any]:
    """A SCIM client of an organization, and its upstream."""
    mapping = {"Teachers": ["learner", "observable"]}
    body = {"name": name, "kind": "scim", "org_id": house.organizations[org]["id"], "mapping": mapping, **more}
    made = await house.system.post("/v1/upstreams", **body)
    token = await house.system.post(f"/v1/upstreams/{made['id']}/tokens")
    return Caller(house.http, token["token"]), made


@pytest.fixture
async def client(house: House) -> Caller:
    return (await connect(house))[0]


async def user(client: Caller, name: str, **more: Any) -> Any:
    return await client.post("/scim/v2/Users", schemas=[USER], userName=name, **more)


async def group(client: Caller, name: str, *members: Any) -> Any:
    listed = [{"value": one["id"]} for one in members]
    return await client.post("/scim/v2/Groups", schemas=[GROUP], displayName=name, members=listed)


async def patch(client: Caller, path: str, *operations: dict[str, Any]) -> None:
    ok(await client.ask("PATCH", f"/scim/v2{path}", json={"schemas": [PATCH], "Operations": list(operations)}))


async def person(house: House, name: str) -> Any:
    [found] = (await house.system.get("/v1/users", q=name))["items"]
    return await house.system.get(f"/v1/users/{found['id']}")


def roles(one: Any) -> set[str]:
    return {role["role"] for role in one["roles"]}


async def test_a_member_of_a_mapped_group_gets_its_roles_and_loses_them_with_it(house: House, client: Caller) -> None:
    ada, bob = await user(client, "ada"), await user(client, "bob", active=True)
    teachers = await group(client, "Teachers", ada, bob)
    await group(client, "org_admin", ada)
    assert roles(await person(house, "ada")) == {"learner", "observable"}
    gone = {"op": "Remove", "path": "members", "value": [{"value": ada["id"]}]}
    await patch(client, f"/Groups/{teachers['id']}", gone)
    assert roles(await person(house, "ada")) == set()
    assert roles(await person(house, "bob")) == {"learner", "observable"}
    shown = await client.get(f"/scim/v2/Groups/{teachers['id']}")
    assert [one["value"] for one in shown["members"]] == [bob["id"]]
    assert [one["display"] for one in (await client.get(f"/scim/v2/Users/{bob['id']}"))["groups"]] == ["Teachers"]


async def test_a_person_is_suspended_comes_back_and_is_deleted(house: House, client: Caller) -> None:
    ada = await user(client, "ada")
    await patch(client, f"/Users/{ada['id']}", {"op": "replace", "value": {"active": "False"}})
    assert (await person(house, "ada"))["status"] == "suspended"
    await patch(client, f"/Users/{ada['id']}", {"op": "Replace", "path": "active", "value": True})
    assert (await person(house, "ada"))["status"] == "active"
    ok(await client.ask("DELETE", f"/scim/v2/Users/{ada['id']}"))
    assert (await client.ask("GET", f"/scim/v2/Users/{ada['id']}")).status_code == 404
    assert (await house.system.get("/v1/users", q="ada"))["items"] == []


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ('userName eq "ADA"', {"ada"}),
        ('emails[type eq "work" and value eq "Ada@x.test"]', {"ada"}),
        ('emails.value co "x.test" and not (userName sw "b")', {"ada"}),
        ('userName ne "ada"', {"bob"}),
        ('title pr or externalId eq "B1"', {"bob"}),
        ('groups.display eq "teachers"', {"bob"}),
        ('meta.created gt "2020-01-01T00:00:00Z" and userName ew "b"', {"bob"}),
        ("active eq true", {"ada"}),
    ],
)
async def test_filters_find_what_they_say(client: Caller, filter_: str, found: set[str]) -> None:
    await user(client, "Ada", active=True, emails=[{"value": "ada@x.test", "type": "work"}])
    bob = await user(client, "bob", externalId="B1", active=False)
    await group(client, "Teachers", bob)
    answer = await client.get("/scim/v2/Users", filter=filter_, sortBy="userName")
    assert {one["userName"].lower() for one in answer["Resources"]} == found


async def test_a_bulk_refuses_what_may_not_be_and_does_the_rest(house: House, client: Caller) -> None:
    await user(client, "ada")
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"schemas": [USER], "userName": "Ada"}},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"schemas": [USER], "userName": "bob"}},
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "g",
            "data": {"schemas": [GROUP], "displayName": "Teachers", "members": [{"value": "bulkId:b"}]},
        },
    ]
    answer = await client.post("/scim/v2/Bulk", schemas=[BULK], Operations=operations)
    assert [int(one["status"]) for one in answer["Operations"]] == [409, 201, 201]
    assert roles(await person(house, "bob")) == {"learner", "observable"}


async def test_one_upstream_sees_nothing_of_another(house: House, client: Caller) -> None:
    ada = await user(client, "ada")
    other = (await connect(house, "okta", "north"))[0]
    assert (await other.get("/scim/v2/Users"))["totalResults"] == 0
    assert (await other.ask("GET", f"/scim/v2/Users/{ada['id']}")).status_code == 404
    assert (await Caller(house.http, "none").ask("GET", "/scim/v2/Users")).status_code == 401
    assert (await house.system.ask("GET", "/scim/v2/Users")).status_code == 401
    assert (await client.ask("GET", "/v1/users")).status_code == 401


async def test_beyond_the_quota_is_told_to_wait(house: House) -> None:
    client, _ = await connect(house, quota=1)
    await client.get("/scim/v2/Users")
    refused = await client.ask("GET", "/scim/v2/Users")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
