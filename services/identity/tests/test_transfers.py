"""Transfers within a tenant: at once by who administers both sides, else asked and decided (seats: Transfer)."""

import asyncio
from typing import Any

import pytest

from usher_identity.importing.bulk import run_next_bulk
from usher_identity.time_passing import lapse_transfers

from .neighbors import Neighbors
from .story import ok

TRANSFER = "identity.transfer.changed.v1"
USER = "identity.user.changed.v1"


@pytest.fixture
async def ann(neighbors: Neighbors) -> Any:
    """A learner of North."""
    ann = await neighbors.come("ann", "north", "learner")
    await neighbors.house.facts()
    return ann


async def test_who_administers_both_sides_moves_a_person_at_once(neighbors: Neighbors, ann: Any) -> None:
    response = await neighbors.transfer("district admin", ann, "south", note="moved house")
    assert response.status_code == 200, response.text
    assert response.json()["org_id"] == neighbors.org("south")
    assert response.headers["etag"] == '"2.2"'
    facts = await neighbors.house.facts()
    [(_, _, moved)] = [one for one in facts if one[0] == USER]
    assert (moved["org_id"], moved["status"], moved["status_reason"]) == (neighbors.org("south"), "active", None)
    [(_, audit, act)] = [one for one in facts if one[0].startswith("identity.audit")]
    assert (act["act"], act["outcome"], act["target"]) == ("user.transfer", "done", ann["id"])
    assert audit["actor"] == f"user:{neighbors.people['district admin']['id']}"
    assert await neighbors.seen("district admin") == []


async def test_the_side_that_has_the_person_asks_and_the_other_agrees(neighbors: Neighbors, ann: Any) -> None:
    response = await neighbors.transfer("north admin", ann, "south", note="moved house")
    assert response.status_code == 202, response.text
    asked = response.json()
    assert response.headers["location"] == f"/v1/transfers/{asked['id']}"
    assert (asked["direction"], asked["state"], asked["asked_side"]) == ("within", "asked", "source")
    assert (await neighbors.user(ann["id"]))["org_id"] == neighbors.org("north")
    [(_, _, told)] = [one for one in await neighbors.house.facts() if one[0] == TRANSFER]
    sides = (told["status"], told["asked_org_id"], told["decides_org_id"])
    assert sides == ("asked", neighbors.org("north"), neighbors.org("south"))

    [seen] = await neighbors.seen("south admin", state="asked")
    assert (seen["user_name"], seen["from_name"], seen["note"]) == ("ann", "North School", "moved house")
    assert seen["roles"] == ["learner"]
    approved = await neighbors.decide("south admin", asked, "approve", headers={"If-Match": '"1"'})
    assert (approved.status_code, approved.json()["state"]) == (200, "approved"), approved.text
    assert approved.headers["etag"] == '"2"'
    assert (await neighbors.user(ann["id"]))["org_id"] == neighbors.org("south")
    facts = await neighbors.house.facts()
    assert sorted(key for key, _, _ in facts) == sorted(
        [USER, "identity.user_profile.changed.v1", TRANSFER, *["identity.audit.recorded.v1"] * 2]
    )
    assert {one["act"] for key, _, one in facts if "audit" in key} == {"user.transfer", "transfer.approve"}


async def test_the_side_that_wants_the_person_asks_and_sees_them_once_it_is_agreed(
    neighbors: Neighbors, ann: Any
) -> None:
    asked = await neighbors.asked("south admin", ann, "south")
    assert asked["asked_side"] == "target"
    [waiting] = await neighbors.seen("south admin")
    for one in (asked, waiting):
        hidden = [one[name] for name in ("user_name", "display_name", "email", "from_org_id", "from_name")]
        assert (one["user_id"], hidden, one["roles"]) == (ann["id"], [None] * 5, [])
    [seen] = await neighbors.seen("north admin")
    assert (seen["user_name"], seen["to_name"]) == ("ann", "South School")
    refused = await neighbors.decide("south admin", asked, "approve")
    assert refused.status_code == 403
    assert (await neighbors.decide("north admin", asked, "approve")).status_code == 200
    [agreed] = await neighbors.seen("south admin")
    assert (agreed["state"], agreed["user_name"], agreed["from_name"]) == ("approved", "ann", "North School")


async def test_what_is_rejected_names_why_and_changes_nothing(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "south")
    assert (await neighbors.decide("south admin", asked, "reject")).status_code == 422
    rejected = ok(await neighbors.decide("south admin", asked, "reject", note="no room this year"))
    assert (rejected["state"], rejected["answer"]) == ("rejected", "no room this year")
    [seen] = await neighbors.seen("north admin", state="rejected")
    assert (seen["answer"], seen["decided_by"]) == (
        "no room this year",
        f"user:{neighbors.people['south admin']['id']}",
    )
    assert (await neighbors.user(ann["id"]))["org_id"] == neighbors.org("north")
    await neighbors.asked("north admin", ann, "south")


async def test_what_is_withdrawn_can_be_approved_no_more(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "south")
    assert (await neighbors.decide("south admin", asked, "withdraw")).status_code == 403
    assert ok(await neighbors.decide("north admin", asked, "withdraw"))["state"] == "withdrawn"
    late = await neighbors.decide("south admin", asked, "approve")
    assert (late.status_code, late.json()["detail"]) == (409, "The transfer is withdrawn already.")


async def test_two_who_approve_at_once_move_the_person_once(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "south")
    await neighbors.house.facts()
    answers = await asyncio.gather(
        *(
            neighbors.decide(by, asked, "approve", headers={"If-Match": '"1"'})
            for by in ("south admin", "district admin")
        )
    )
    assert sorted(one.status_code for one in answers) == [200, 412]
    again = [await neighbors.decide("south admin", asked, verdict, note="x") for verdict in ("approve", "reject")]
    assert [one.status_code for one in again] == [409, 409]
    assert [one["version"] for key, _, one in await neighbors.house.facts() if key == USER] == [2]


@pytest.mark.parametrize(
    ("by", "org", "said", "status", "word"),
    [
        ("north admin", "north", {}, 422, "in that organization already"),
        ("north admin", "018f0000-0000-7000-8000-00000000dead", {}, 404, "No such organization"),
        ("north admin", "00000000-0000-7000-8000-000000000001", {}, 404, "No such organization"),
        ("system", "00000000-0000-7000-8000-000000000001", {}, 422, "operators' tenant"),
        ("district admin", "south", {"roles": ["observer"]}, 422, "keeps their roles"),
        ("ann", "south", {}, 403, "org_admin"),
        ("bell admin", "bell", {}, 404, "No such person"),
        ("bell admin", "south", {}, 404, "No such person"),
        ("south admin", "district", {}, 404, "No such person"),
    ],
)
async def test_what_cannot_be_asked_for(
    neighbors: Neighbors, ann: Any, by: str, org: str, said: dict[str, Any], status: int, word: str
) -> None:
    refused = await neighbors.transfer(by, ann, org, **said)
    assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")
    assert word in refused.json()["detail"]
    assert [one["outcome"] for _, _, one in await neighbors.house.acts()] == ["refused"]


@pytest.mark.parametrize("by", ["north admin", "south admin", "district admin"])
async def test_who_is_archived_is_not_transferred(neighbors: Neighbors, ann: Any, by: str) -> None:
    await neighbors.house.system.patch(f"/v1/users/{ann['id']}", status="archived")
    refused = await neighbors.transfer(by, ann, "south")
    assert refused.status_code == (404 if by == "south admin" else 422), refused.text


async def test_nor_among_many_but_where_they_were_can_be_put_right(neighbors: Neighbors, ann: Any) -> None:
    await neighbors.house.system.patch(f"/v1/users/{ann['id']}", status="archived")
    south = neighbors.org("south")
    body = {"users": ["ann"], "act": "transfer", "org": south}
    [row] = ok(await neighbors.callers["district admin"].ask("POST", "/v1/users:bulk?dry_run=true", json=body))["rows"]
    assert (row["code"], "archived" in row["reason"]) == ("not_possible", True)
    assert (await neighbors.callers["district admin"].patch(f"/v1/users/{ann['id']}", org_id=south))["org_id"] == south


async def test_a_person_is_asked_for_once_at_a_time(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "south")
    again = await neighbors.transfer("south admin", ann, "south")
    assert again.status_code == 409
    assert asked["id"] in again.json()["detail"]


async def test_a_transfer_sent_again_is_asked_once(neighbors: Neighbors, ann: Any) -> None:
    key = {"Idempotency-Key": "once"}
    first, second = [await neighbors.transfer("north admin", ann, "south", headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert len(await neighbors.seen("north admin")) == 1


async def test_a_transfer_is_of_the_state_that_it_was_based_on(neighbors: Neighbors, ann: Any) -> None:
    for by in ("north admin", "district admin"):
        stale = await neighbors.transfer(by, ann, "south", headers={"If-Match": '"7"'})
        assert stale.status_code == 412


@pytest.mark.parametrize("overtaken", ["moved", "archived", "deleted"])
async def test_what_was_overtaken_cannot_be_approved_and_lapses(neighbors: Neighbors, ann: Any, overtaken: str) -> None:
    house = neighbors.house
    asked = await neighbors.asked("north admin", ann, "south")
    if overtaken == "moved":
        ok(await neighbors.transfer("system", ann, "district"))
    elif overtaken == "archived":
        await house.system.patch(f"/v1/users/{ann['id']}", status="archived")
    else:
        ok(await house.system.ask("POST", "/v1/users:bulk", json={"users": ["ann"], "act": "delete"}))
        await run_next_bulk(house.runtime)
    late = await neighbors.decide("south admin", asked, "approve")
    assert (late.status_code, "has lapsed" in late.json()["detail"]) == (409, True)
    await house.facts()
    assert await lapse_transfers(house.runtime)
    assert not await lapse_transfers(house.runtime)
    assert await neighbors.state("south admin", asked) == "lapsed"
    facts = await house.facts()
    assert [one["status"] for key, _, one in facts if key == TRANSFER] == ["lapsed"]
    assert [(said["actor"], one["act"]) for key, said, one in facts if "audit" in key] == [("system", "transfer.lapse")]


async def test_what_still_stands_does_not_lapse(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "south")
    assert not await lapse_transfers(neighbors.house.runtime)
    assert await neighbors.state("south admin", asked) == "asked"


async def test_transfers_are_listed_a_page_at_a_time_and_by_organization(neighbors: Neighbors) -> None:
    people = [await neighbors.come(f"p{n}", "north", "learner") for n in range(3)]
    asked = [await neighbors.asked("north admin", one, "south") for one in people]
    first = await neighbors.callers["district admin"].get("/v1/transfers", limit=2)
    rest = await neighbors.callers["district admin"].get("/v1/transfers", limit=2, cursor=first["next_cursor"])
    ids = [one["id"] for one in [*first["items"], *rest["items"]]]
    assert (ids, rest["next_cursor"]) == ([one["id"] for one in reversed(asked)], None)
    assert len(await neighbors.seen("district admin", org_id=neighbors.org("south"))) == 3
    assert (
        await neighbors.callers["north admin"].ask("GET", f"/v1/transfers?org_id={neighbors.org('south')}")
    ).is_error


async def test_a_dry_run_says_what_would_be_and_does_nothing(neighbors: Neighbors, ann: Any) -> None:
    would = (await neighbors.transfer("district admin", ann, "south", dry_run=True)).json()
    state = {
        "tenant_id": ann["tenant_id"],
        "user_id": ann["id"],
        "org_id": neighbors.org("south"),
        "status": "active",
        "roles": ["learner"],
    }
    assert would == {"dry_run": True, "outcome": "done", "people": [state], "people_there": []}
    assert (await neighbors.transfer("north admin", ann, "south", dry_run=True)).json()["outcome"] == "asked"
    unseen = (await neighbors.transfer("south admin", ann, "south", dry_run=True)).json()
    assert (unseen["outcome"], unseen["people"]) == ("asked", [])
    assert await neighbors.house.facts() == []
    assert await neighbors.seen("district admin") == []
