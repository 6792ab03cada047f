"""Versions, what of a resource is shown, searches and their order, as RFC 7644 has them."""

from typing import Any

from .scim_client import SEARCH, USER, Client, refusal
from .story import ok


async def test_a_version_guards_a_write_and_spares_a_read(client: Client) -> None:
    ada = await client.user("ada")
    path, first = f"/Users/{ada['id']}", ada["meta"]["version"]
    read = await client.send("GET", path)
    assert read.headers["ETag"] == first
    spared = await client.send("GET", path, headers={"If-None-Match": first})
    assert (spared.status_code, spared.content, spared.headers["ETag"]) == (304, b"", first)
    body = {"schemas": [USER], "userName": "ada", "title": "Countess"}
    second = ok(await client.send("PUT", path, body, headers={"If-Match": first}))["meta"]["version"]
    assert second != first
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "remove", "path": "title"}],
    }
    for method, sent in (("PUT", body), ("PATCH", patch), ("DELETE", None)):
        assert refusal(await client.send(method, path, sent, headers={"If-Match": first})) == (412, None)
    stale = {"method": "DELETE", "path": path, "version": first}
    assert [one["status"] for one in await client.bulk(stale)] == ["412"]
    assert (await client.show(path))["title"] == "Countess"
    same = ok(await client.send("PUT", path, body, headers={"If-Match": f'W/"0", {second}'}))
    assert same["meta"]["version"] == second, "a write that says nothing new leaves the version"
    group = await client.group("Staff", ada)
    joined = await client.send("GET", path, headers={"If-None-Match": second})
    assert joined.status_code == 200, "its groups are shown with it"
    assert (await client.send("DELETE", f"/Groups/{group['id']}", headers={"If-Match": "*"})).status_code == 204


async def test_a_put_replaces_whole_and_keeps_whose_it_is(client: Client) -> None:
    ada = await client.user("ada", title="Countess", externalId="E1", emails=[{"value": "a@x.test"}])
    await client.user("bob")
    path = f"/Users/{ada['id']}"
    put = ok(await client.send("PUT", path, {"schemas": [USER], "id": "other", "userName": "Ada"}))
    assert (put["id"], put["userName"], put["meta"]["created"]) == (ada["id"], "Ada", ada["meta"]["created"])
    assert not {"title", "externalId", "emails"} & set(put)
    taken = await client.send("PUT", path, {"schemas": [USER], "userName": "BOB"})
    assert refusal(taken) == (409, "uniqueness")
    assert refusal(await client.send("PUT", path, {"schemas": [USER]})) == (400, "invalidValue")
    assert refusal(await client.send("PUT", "/Users", {"schemas": [USER], "userName": "x"})) == (405, None)


async def test_only_what_is_asked_for_is_shown(client: Client) -> None:
    ada = await client.user("ada", title="Countess", name={"givenName": "Ada", "familyName": "L"})
    group = await client.group("Staff", ada)
    path = f"/Users/{ada['id']}"
    assert set(await client.show(path, attributes="title")) == {"schemas", "id", "title"}
    assert (await client.show(path, attributes="name.givenName"))["name"] == {"givenName": "Ada"}
    assert (await client.show(path, attributes="groups.value"))["groups"] == [{"value": group["id"]}]
    assert not {"title", "groups"} & set(await client.show(path, excludedAttributes="title,groups"))
    assert "members" not in await client.show(f"/Groups/{group['id']}", excludedAttributes="members")
    listed = await client.show("/Groups", attributes="displayName")
    assert [set(one) for one in listed["Resources"]] == [{"schemas", "id", "displayName"}]
    put = await client.send("PUT", path, {"schemas": [USER], "userName": "ada"}, params={"attributes": "userName"})
    assert set(ok(put)) == {"schemas", "id", "userName"}
    both = await client.send("GET", path, params={"attributes": "title", "excludedAttributes": "name"})
    assert refusal(both) == (400, "invalidValue")


async def test_searches_by_get_and_post_find_the_same_in_order(client: Client) -> None:
    for name, title in (("cy", "b"), ("ada", "a"), ("Bob", None)):
        await client.user(name, **({"title": title} if title else {}))
    await client.group("Aces")

    async def names(path: str = "/Users", **query: Any) -> list[str]:
        found = await client.show(path, **query)
        posted = ok(await client.send("POST", f"{path}/.search", {"schemas": [SEARCH], **query}))
        assert posted == found
        return [one.get("userName", one.get("displayName")) for one in found.get("Resources", ())]

    assert await names(sortBy="userName") == ["ada", "Bob", "cy"]
    assert await names(sortBy="userName", sortOrder="descending") == ["cy", "Bob", "ada"]
    assert await names(sortBy="title") == ["ada", "cy", "Bob"]
    assert await names(sortBy="userName", startIndex=2, count=1) == ["Bob"]
    assert await names(count=0) == []
    assert await names(filter='userName co "o" or title eq "A"', sortBy="userName") == ["ada", "Bob"]
    assert set(await names("", filter='userName eq "ada" or displayName eq "aces"')) == {"ada", "Aces"}
    assert len((await client.show("/Users", count=10_000))["Resources"]) == 3


async def test_it_describes_itself(client: Client) -> None:
    for path in ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes"):
        shown = await client.show(path)
        for one in shown.get("Resources", [shown])[:2]:
            assert await client.show(one["meta"]["location"].partition("/scim/v2")[2]) == one
        assert refusal(await client.send("GET", path, params={"filter": "id pr"})) == (403, None)
        assert refusal(await client.send("POST", path, {})) == (405, None)
    assert refusal(await client.send("GET", "/Me")) == (501, None)
