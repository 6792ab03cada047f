"""The guard on mass loss over SCIM: what takes too much from people waits, and the client is told so."""

from collections import Counter
from typing import Any

import pytest

from usher_identity.importing.deciding import do_what_was_decided

from .scim_client import USER, Client, person, refusal, roles
from .story import House, ok

PEOPLE = 15


@pytest.fixture
async def users(client: Client) -> list[str]:
    """The ids of fifteen users."""
    made = await client.bulk(
        *(
            {"method": "POST", "path": "/Users", "bulkId": name, "data": {"schemas": [USER], "userName": name}}
            for name in (f"u{number:02}" for number in range(PEOPLE))
        )
    )
    return [one["location"].rpartition("/")[2] for one in made]


async def statuses(house: House) -> Counter[str]:
    found = (await house.system.get("/v1/users", limit=500))["items"]
    return Counter(one["status"] for one in found if one["user_name"].startswith("u"))


async def decide(house: House, verdict: str) -> Any:
    [held] = (await house.system.get("/v1/change-sets"))["items"]
    ok(await house.system.ask("POST", f"/v1/change-sets/{held['id']}:{verdict}", json={}))
    while await do_what_was_decided(house.runtime):
        pass
    return held


async def test_who_is_switched_off_beyond_the_share_keeps_access_until_somebody_approves(
    house: House, client: Client, users: list[str]
) -> None:
    answers = [await client.change(f"/Users/{id_}", {"op": "replace", "value": {"active": False}}) for id_ in users]
    assert [one.status_code for one in answers] == [200] * PEOPLE
    assert ["Usher-Held" in one.headers for one in answers] == [False] * 9 + [True] * 6
    assert {one.json()["active"] for one in answers} == {False}
    assert await statuses(house) == Counter(active=6, suspended=9)
    held = await decide(house, "approve")
    assert (held["source"], held["would_deactivate"]) == ("entra", 6)
    assert {one.headers["Usher-Held"] for one in answers[9:]} == {held["id"]}
    assert "1 person keeps access" in answers[-1].headers["Warning"]
    assert await statuses(house) == Counter(suspended=PEOPLE)


async def test_a_group_that_is_emptied_or_deleted_takes_no_roles_until_then(
    house: House, client: Client, users: list[str]
) -> None:
    teachers = await client.group("Teachers", *({"id": id_} for id_ in users))
    emptied = await client.change(f"/Groups/{teachers['id']}", {"op": "remove", "path": "members"})
    assert emptied.status_code == 204
    assert f"{PEOPLE} people keep access" in emptied.headers["Warning"]
    assert await client.members(teachers) == set()
    assert roles(await person(house, "u00")) == {"learner", "observable"}
    back = [{"value": id_} for id_ in users]
    ok(await client.change(f"/Groups/{teachers['id']}", {"op": "add", "path": "members", "value": back}))
    assert (await house.system.get("/v1/change-sets"))["items"] == [], "a later word overtakes what is held"
    deleted = await client.send("DELETE", f"/Groups/{teachers['id']}")
    assert (deleted.status_code, "Usher-Held" in deleted.headers) == (204, True)
    assert refusal(await client.send("GET", f"/Groups/{teachers['id']}")) == (404, None)
    await decide(house, "reject")
    assert roles(await person(house, "u00")) == {"learner", "observable"}


async def test_who_is_deleted_beyond_the_share_is_gone_for_the_client_and_here_until_somebody_approves(
    house: House, client: Client, users: list[str]
) -> None:
    answer = await client.send(
        "POST",
        "/Bulk",
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{"method": "DELETE", "path": f"/Users/{id_}"} for id_ in users],
        },
    )
    assert {one["status"] for one in answer.json()["Operations"]} == {"204"}
    assert f"{PEOPLE} people keep access" in answer.headers["Warning"]
    assert (await client.show("/Users"))["totalResults"] == 0
    assert await statuses(house) == Counter(active=PEOPLE)
    await decide(house, "approve")
    assert await statuses(house) == Counter()
