"""The guard on an upstream's stream: what it takes within an hour counts together, alone or in one batch."""

from collections import Counter
from typing import Any

import pytest

from usher_identity.importing.deciding import do_what_was_decided

from .story import CLI_SECRET, House, ok
from .test_commands import Sender

PEOPLE = 50


@pytest.fixture
async def sender(house: House) -> Sender:
    """An upstream with fifty people in North School."""
    district = house.organizations["district"]["id"]
    one = Sender(house, await house.system.post("/v1/upstreams", name="hr", org_id=district))
    await one.say("organization.upsert", external_id="n", name="North")
    await one.send(*(one.message("user.upsert", **person(number)) for number in range(PEOPLE)))
    return one


def person(number: int) -> dict[str, Any]:
    name = f"u{number:02}"
    return {
        "external_id": name, "user_name": name, "display_name": name, "organization": "n", "roles": ["learner"],
    }  # fmt: skip


async def archive(sender: Sender, *numbers: int) -> list[str]:
    """One batch that archives these people; answers the outcomes' statuses."""
    messages = [sender.message("user.archive", external_id=f"u{number:02}") for number in numbers]
    return [one["status"] for one in await sender.send(*messages)]


async def statuses(sender: Sender) -> Counter[str]:
    found = (await sender.house.system.get("/v1/users", limit=500))["items"]
    return Counter(one["status"] for one in found if one["user_name"].startswith("u"))


async def sets(sender: Sender) -> list[Any]:
    found: list[Any] = (await sender.house.system.get("/v1/change-sets"))["items"]
    return found


async def test_a_batch_beyond_the_share_is_held_whole_and_additions_pass(sender: Sender) -> None:
    assert await archive(sender, *range(11)) == ["held"] * 11
    [held] = await sets(sender)
    assert (held["kind"], held["source"], held["would_deactivate"], held["of_people"]) == ("upstream", "hr", 11, 50)
    assert await statuses(sender) == Counter(active=50)
    new = await sender.say("user.upsert", **person(60))
    assert new["status"] == "taken"


async def test_one_by_one_the_share_passes_and_the_rest_of_the_hour_is_held_in_one_set(sender: Sender) -> None:
    outcomes = [(await archive(sender, number))[0] for number in range(13)]
    assert outcomes == ["taken"] * 10 + ["held"] * 3
    [held] = await sets(sender)
    assert (held["would_deactivate"], held["of_people"], held["people"]["held"]) == (3, 50, 3)
    assert await statuses(sender) == Counter(active=40, archived=10)
    sender.house.pass_time(minutes=61)
    assert await archive(sender, 20) == ["taken"]


async def test_what_is_approved_is_done_and_what_is_rejected_stays_though_it_is_said_again(sender: Sender) -> None:
    await archive(sender, *range(11))
    [held] = await sets(sender)
    users = (await sender.house.system.get("/v1/users", limit=500))["items"]
    first = next(one["id"] for one in users if one["user_name"] == "u00")
    path = f"/v1/change-sets/{held['id']}"
    ok(await sender.house.system.ask("POST", f"{path}:approve", json={"user_ids": [first]}))
    ok(await sender.house.system.ask("POST", f"{path}:reject", json={}))
    while await do_what_was_decided(sender.house.runtime):
        pass
    assert await statuses(sender) == Counter(active=49, archived=1)
    sender.house.pass_time(minutes=61)
    sender.house.system = await sender.house.client("cli", CLI_SECRET)
    await archive(sender, 1)
    assert await statuses(sender) == Counter(active=49, archived=1)


async def test_a_later_word_overtakes_what_is_held(sender: Sender) -> None:
    await archive(sender, *range(11))
    for number in range(11):
        assert (await sender.say("user.upsert", **person(number)))["status"] == "taken"
    assert await sets(sender) == []
    [held] = (await sender.house.system.get("/v1/change-sets", state="stale"))["items"]
    assert held["people"]["stale"] == 11
    assert await statuses(sender) == Counter(active=50)


async def test_a_deletion_that_is_approved_erases(sender: Sender) -> None:
    await sender.send(*(sender.message("user.delete", external_id=f"u{number:02}") for number in range(12)))
    assert await statuses(sender) == Counter(active=50)
    [held] = await sets(sender)
    ok(await sender.house.system.ask("POST", f"/v1/change-sets/{held['id']}:approve", json={}))
    while await do_what_was_decided(sender.house.runtime):
        pass
    assert await statuses(sender) == Counter(active=38)
