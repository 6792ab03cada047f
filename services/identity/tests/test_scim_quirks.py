"""What identity providers send beside the letter of the RFCs is taken as they mean it."""

from .scim_client import ENTERPRISE, GROUP, USER, Client, connect, person, roles
from .story import House, ok

WORK = 'emails[type eq "work"].value'


async def test_entra_id_in_its_own_words(house: House, client: Client) -> None:
    ada = await client.user("ada", active="True", roles=[])
    path = f"/Users/{ada['id']}"
    assert ada["active"] is True
    for word, status in (("False", "suspended"), ("True", "active"), ("false", "suspended"), ("true", "active")):
        shown = ok(await client.change(path, {"op": "Replace", "path": "active", "value": word}))
        assert shown["active"] is (status == "active")
        assert (await person(house, "ada"))["status"] == status
    changed = ok(
        await client.change(
            path,
            {"op": "Add", "path": WORK, "value": "ada@x.test"},
            {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "1"},
            {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": "m1"},
            {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Maths"},
            {"op": "Add", "value": {"displayName": "Ada L.", "name.givenName": "Ada", f"{ENTERPRISE}:costCenter": "7"}},
        )
    )
    assert changed["emails"] == [{"type": "work", "value": "ada@x.test"}]
    assert changed["phoneNumbers"] == [{"type": "mobile", "value": "1"}]
    assert changed["name"] == {"givenName": "Ada"}
    assert changed[ENTERPRISE]["manager"]["value"] == "m1"
    assert (changed[ENTERPRISE]["department"], changed[ENTERPRISE]["costCenter"]) == ("Maths", "7")
    assert ((await person(house, "ada"))["display_name"], (await person(house, "ada"))["email"]) == (
        "Ada L.",
        "ada@x.test",
    )
    again = ok(await client.change(path, {"op": "Replace", "path": WORK, "value": "al@x.test"}))
    assert again["emails"] == [{"type": "work", "value": "al@x.test"}]
    whole = ok(await client.change(path, {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": {"value": "m2"}}))
    assert whole[ENTERPRISE]["manager"]["value"] == "m2"
    bare = ok(await client.change(path, {"op": "Remove", "path": f"{ENTERPRISE}:manager"}))
    assert "manager" not in bare[ENTERPRISE]


async def test_entra_id_removes_members_in_every_way(client: Client) -> None:
    users = [await client.user(f"u{number}") for number in range(5)]
    ids = [one["id"] for one in users]
    schemas = [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]
    teachers = await client.group("Teachers", *users, schemas=schemas)
    path = f"/Groups/{teachers['id']}"
    left = set(ids)
    for operations in (
        [{"op": "Remove", "path": "members", "value": [{"value": ids[0]}]}],
        [{"op": "remove", "path": f'members[value eq "{ids[1]}"]'}],
        [{"op": "Remove", "path": f'members[value eq "{ids[2]}" or value eq "nobody"]'}],
        [{"op": "Remove", "path": "members", "value": [{"value": "nobody"}, {"value": ids[3]}]}],
    ):
        assert (await client.change(path, *operations)).status_code == 204
        left = left & await client.members(teachers)
        assert await client.members(teachers) == left
    assert left == {ids[4]}
    ok(await client.change(path, {"op": "Add", "path": "members", "value": [{"$ref": None, "value": ids[0]}]}))
    assert await client.members(teachers) == {ids[0], ids[4]}


async def test_okta_in_its_own_words(house: House) -> None:
    okta, _ = await connect(house, "okta")
    password = {"password": "never kept"}
    made = [await okta.user(f"User{number}@okta.test", active=True, groups=[], **password) for number in range(3)]
    assert all("password" not in one for one in made)
    page = await okta.show("/Users", startIndex=2, count=1, sortBy="userName")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, 2, 1)
    assert [one["id"] for one in page["Resources"]] == [made[1]["id"]]
    beyond = await okta.show("/Users", startIndex=9, count=100)
    assert (beyond["totalResults"], beyond.get("Resources", [])) == (3, [])
    found = await okta.show("/Users", filter='userName eq "USER2@OKTA.TEST"', startIndex=1, count=100)
    assert [one["id"] for one in found["Resources"]] == [made[2]["id"]]
    path = f"/Users/{made[0]['id']}"
    off = {**made[0], "active": False, "name": {"givenName": "Another"}}
    assert ok(await okta.send("PUT", path, off))["active"] is False
    assert (await person(house, "User0"))["status"] == "suspended"
    ok(await okta.change(path, {"op": "replace", "value": {"active": True}}))
    assert (await person(house, "User0"))["status"] == "active"

    await puts_a_group_whole(house, okta)


async def puts_a_group_whole(house: House, okta: Client) -> None:
    ada, bob = await okta.user("ada"), await okta.user("bob")
    teachers = await okta.group("Teachers", ada)
    body = {"schemas": [GROUP], "displayName": "Teachers", "members": [{"value": bob["id"], "display": "bob"}]}
    put = ok(await okta.send("PUT", f"/Groups/{teachers['id']}", body))
    assert [one["value"] for one in put["members"]] == [bob["id"]]
    assert (roles(await person(house, "ada")), roles(await person(house, "bob"))) == (set(), {"learner", "observable"})
    replaced = {"op": "replace", "path": "members", "value": [{"value": ada["id"], "display": "ada"}]}
    assert (await okta.change(f"/Groups/{teachers['id']}", replaced)).status_code == 204
    assert await okta.members(teachers) == {ada["id"]}
    assert (await okta.send("PUT", f"/Users/{ada['id']}", {"schemas": [USER], "userName": "ada"})).status_code == 200
    assert roles(await person(house, "ada")) == {"learner", "observable"}, "groups are not the user's to say"
