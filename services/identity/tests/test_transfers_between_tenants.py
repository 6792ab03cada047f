"""Transfers between tenants: closed in the one, invited in the other, and nothing seen before both agree."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from usher_identity.time_passing import lapse_transfers

from .neighbors import Neighbors
from .story import Caller, ok

USER, PROFILE, TRANSFER = (f"identity.{name}.changed.v1" for name in ("user", "user_profile", "transfer"))


@pytest.fixture
async def ann(neighbors: Neighbors) -> Any:
    """A learner of North, in Ada District, who administers it as well."""
    ann = await neighbors.come("ann", "north", "learner", "observer", "org_admin")
    await neighbors.house.facts()
    return ann


async def arrived(neighbors: Neighbors) -> Any:
    """The one person of Bell who is no administrator."""
    found = (await neighbors.callers["bell admin"].get("/v1/users"))["items"]
    [one] = [one for one in found if one["user_name"] != "bell.admin"]
    return one


async def test_a_system_administrator_transfers_at_once(neighbors: Neighbors, ann: Any) -> None:
    new = ok(await neighbors.transfer("system", ann, "bell"))
    assert (new["status"], new["org_id"], new["user_name"]) == ("invited", neighbors.org("bell"), "ann")
    assert new["id"] != ann["id"]
    assert [one["role"] for one in new["roles"]] == ["learner", "observer"]
    assert new["external_ids"] == []
    old = await neighbors.user(ann["id"])
    assert (old["status"], old["org_id"]) == ("archived", neighbors.org("north"))
    [one] = await neighbors.seen("bell admin")
    assert (one["direction"], one["state"], one["user_id"], one["from_org_id"]) == ("in", "approved", new["id"], None)
    [one] = await neighbors.seen("north admin")
    assert (one["direction"], one["state"], one["user_id"]) == ("out", "approved", ann["id"])


async def test_each_tenant_is_told_its_own_part(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "bell")
    await neighbors.house.facts()
    [waiting] = await neighbors.seen("bell admin")
    ok(await neighbors.decide("bell admin", waiting, "approve"))
    new = await arrived(neighbors)
    ada, bell = neighbors.org("district"), neighbors.org("bell district")
    facts = await neighbors.house.facts()
    told = {(key, said["tenantid"]): one for key, said, one in facts if "audit" not in key}
    assert told.keys() == {(USER, ada), (TRANSFER, ada), (USER, bell), (PROFILE, bell), (TRANSFER, bell)}
    gone, came = told[USER, ada], told[USER, bell]
    assert (gone["id"], gone["status"], gone["status_reason"]) == (ann["id"], "archived", "transferred")
    assert (came["id"], came["status"], came["status_reason"]) == (new["id"], "invited", None)
    assert told[PROFILE, bell]["user_name"] == "ann"
    assert (told[TRANSFER, ada]["id"], told[TRANSFER, bell]["id"]) == (asked["id"], waiting["id"])
    acts = {(said["tenantid"], one["act"]): said["actor"] for key, said, one in facts if "audit" in key}
    admin = f"user:{neighbors.people['bell admin']['id']}"
    assert acts == {
        (ada, "user.transfer"): "system",
        (ada, "transfer.approve"): "system",
        (bell, "user.transfer"): admin,
        (bell, "transfer.approve"): admin,
    }


async def test_nothing_that_one_tenant_hears_names_anybody_of_the_other(neighbors: Neighbors, ann: Any) -> None:
    """Every fact and every row of both, through an ask and its approval, searched for the other's ids."""
    asked = await neighbors.asked("north admin", ann, "bell", note="moved house")
    [waiting] = await neighbors.seen("bell admin")
    ok(await neighbors.decide("bell admin", waiting, "approve"))
    new = await arrived(neighbors)
    ada_only = {ann["id"], asked["id"], *(neighbors.org(name) for name in ("district", "north", "south"))}
    ada_only |= {neighbors.people[f"{name} admin"]["id"] for name in ("north", "south", "district")}
    bell_only = {new["id"], waiting["id"], neighbors.org("bell district"), neighbors.people["bell admin"]["id"]}
    heard: dict[str, str] = {}
    for _, said, fact in await neighbors.house.facts():
        heard[said["tenantid"]] = heard.get(said["tenantid"], "") + orjson.dumps([said, fact]).decode()
    for name, by in (("district", "north admin"), ("bell district", "bell admin")):
        tenant = neighbors.org(name)
        heard[tenant] += orjson.dumps(await neighbors.seen(by)).decode()
        others = bell_only if name == "district" else ada_only
        assert [one for one in others if one in heard[tenant]] == []
    assert neighbors.org("bell") in heard[neighbors.org("district")], "the id that was named to those who asked"


async def test_what_the_other_side_sees_before_it_agrees_is_what_the_ask_carries(
    neighbors: Neighbors, ann: Any
) -> None:
    asked = await neighbors.asked("north admin", ann, "bell", note="moved house", roles=["observer"])
    assert (asked["direction"], asked["user_id"], asked["to_name"]) == ("out", ann["id"], None)
    [waiting] = await neighbors.seen("bell admin")
    bell = {name: neighbors.org(name) for name in ("bell", "bell district")}
    assert waiting == {
        "id": waiting["id"], "tenant_id": bell["bell district"], "direction": "in", "state": "asked", "user_id": None,
        "user_name": "ann", "display_name": "Ann", "email": ann["email"], "roles": ["observer"], "from_org_id": None,
        "from_name": "North School", "to_org_id": bell["bell"], "to_name": "Bell School", "note": "moved house",
        "asked_side": "source", "asked_by": None, "asked_at": waiting["asked_at"], "decided_by": None,
        "decided_at": None, "answer": None, "version": 1,
    }  # fmt: skip
    await neighbors.house.system.patch(f"/v1/users/{ann['id']}", display_name="Ann the Second")
    assert await neighbors.seen("bell admin") == [waiting]


async def test_what_is_declined_is_seen_no_more(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "bell")
    [waiting] = await neighbors.seen("bell admin")
    ok(await neighbors.decide("bell admin", waiting, "reject", note="no room"))
    [after] = await neighbors.seen("bell admin")
    assert [after[name] for name in ("user_name", "display_name", "email", "from_name")] == [None] * 4
    own = await neighbors.callers["north admin"].get(f"/v1/transfers/{asked['id']}")
    assert (own["state"], own["answer"], own["decided_by"]) == ("rejected", "no room", None)
    assert (await neighbors.user(ann["id"]))["status"] == "active"


async def test_the_rows_of_one_tenant_hold_no_name_once_it_is_decided(neighbors: Neighbors, ann: Any) -> None:
    await neighbors.asked("north admin", ann, "bell")
    [waiting] = await neighbors.seen("bell admin")
    ok(await neighbors.decide("bell admin", waiting, "approve"))
    database = neighbors.house.runtime.database
    async with database.transaction(await database.all_tenants()) as conn:
        rows = (await conn.execute(text("select user_name, display_name, email, from_name from transfer"))).all()
    assert [tuple(row) for row in rows] == [(None,) * 4] * 2


@pytest.mark.parametrize("by", ["bell admin", "bell district admin", "south admin", "ann"])
@pytest.mark.parametrize("verdict", ["approve", "reject", "withdraw"])
async def test_to_everybody_else_a_transfer_is_as_if_it_were_not(
    neighbors: Neighbors, ann: Any, by: str, verdict: str
) -> None:
    """Of the row of Ada's side; somebody of North who lost the role, a neighbor within, and the other tenant."""
    asked = await neighbors.asked("district admin", ann, "bell")
    await neighbors.house.system.set_roles(ann, "learner")
    missing = {"id": "018f0000-0000-7000-8000-00000000dead"}
    caller: Caller = neighbors.callers[by]
    for one, other in [
        [await neighbors.decide(by, transfer, verdict, note="x") for transfer in (asked, missing)],
        [await caller.ask("GET", f"/v1/transfers/{transfer['id']}") for transfer in (asked, missing)],
    ]:
        assert (one.status_code, other.status_code) == ((403, 403) if by == "ann" else (404, 404))
        assert {**one.json(), "trace_id": None} == {**other.json(), "trace_id": None}


@pytest.mark.parametrize("by", ["north admin", "district admin", "south admin"])
async def test_the_row_of_the_other_tenant_is_nobodys_in_this_one(neighbors: Neighbors, ann: Any, by: str) -> None:
    await neighbors.asked("north admin", ann, "bell")
    [waiting] = await neighbors.seen("bell admin")
    for verdict in ("approve", "reject", "withdraw"):
        assert (await neighbors.decide(by, waiting, verdict, note="x")).status_code == 404
    assert (await neighbors.callers[by].ask("GET", f"/v1/transfers/{waiting['id']}")).status_code == 404


async def test_the_side_that_asked_cannot_agree_for_the_other(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "bell")
    for by in ("north admin", "district admin"):
        assert (await neighbors.decide(by, asked, "approve")).status_code == 403
        assert (await neighbors.decide(by, asked, "reject", note="x")).status_code == 403
    assert ok(await neighbors.decide("district admin", asked, "withdraw"))["state"] == "withdrawn"
    [after] = await neighbors.seen("bell admin")
    assert (after["state"], after["user_name"]) == ("withdrawn", None)


async def test_nobody_asks_for_a_person_of_another_tenant(neighbors: Neighbors, ann: Any) -> None:
    missing = {"id": "018f0000-0000-7000-8000-00000000dead"}
    one, other = [await neighbors.transfer("bell admin", user, "bell") for user in (ann, missing)]
    assert (one.status_code, one.json()["detail"]) == (404, other.json()["detail"])


async def test_two_who_approve_at_once_invite_one_person(neighbors: Neighbors, ann: Any) -> None:
    await neighbors.asked("north admin", ann, "bell")
    [waiting] = await neighbors.seen("bell admin")
    answers = await asyncio.gather(
        *(neighbors.decide(by, waiting, "approve") for by in ("bell admin", "bell district admin"))
    )
    assert sorted(one.status_code for one in answers) == [200, 409]
    await arrived(neighbors)


async def test_a_user_name_that_is_taken_there_is_given_anew_by_whoever_agrees(neighbors: Neighbors, ann: Any) -> None:
    await neighbors.house.person("ANN", "bell district")
    asked = await neighbors.asked("north admin", ann, "bell")
    [waiting] = await neighbors.seen("bell admin")
    taken = await neighbors.decide("bell admin", waiting, "approve")
    assert (taken.status_code, "has the user name ann" in taken.json()["detail"]) == (409, True)
    assert (await neighbors.user(ann["id"]))["status"] == "active"
    ok(await neighbors.decide("bell admin", waiting, "approve", user_name="ann.two", roles=["org_admin"]))
    new = await arrived(neighbors)
    assert (new["user_name"], [one["role"] for one in new["roles"]]) == ("ann.two", ["org_admin"])
    own = await neighbors.callers["north admin"].get(f"/v1/transfers/{asked['id']}")
    assert own["roles"] == ["learner", "observer"], "what the other tenant gives is no business of this one"


@pytest.mark.parametrize("by", ["north admin", "system"])
async def test_no_transfer_makes_a_system_administrator(neighbors: Neighbors, ann: Any, by: str) -> None:
    refused = await neighbors.transfer(by, ann, "bell", roles=["system_admin"])
    assert refused.status_code == 422
    await neighbors.asked("north admin", ann, "bell")
    [waiting] = await neighbors.seen("bell admin")
    assert (await neighbors.decide("bell admin", waiting, "approve", roles=["system_admin"])).status_code == 403


async def test_both_rows_lapse_when_the_person_is_gone(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "bell")
    [waiting] = await neighbors.seen("bell admin")
    await neighbors.house.system.patch(f"/v1/users/{ann['id']}", status="archived")
    assert (await neighbors.decide("bell admin", waiting, "approve")).status_code == 409
    await lapse_transfers(neighbors.house.runtime)
    assert await neighbors.state("north admin", asked) == "lapsed"
    [after] = await neighbors.seen("bell admin")
    assert (after["state"], after["user_name"]) == ("lapsed", None)


async def test_a_system_administrator_sees_a_transfer_between_two_once(neighbors: Neighbors, ann: Any) -> None:
    asked = await neighbors.asked("north admin", ann, "bell")
    assert [one["id"] for one in await neighbors.seen("system")] == [asked["id"]]
    [waiting] = await neighbors.seen("system", org_id=neighbors.org("bell"))
    assert waiting["direction"] == "in"
    assert ok(await neighbors.decide("system", asked, "approve"))["state"] == "approved"
    assert await neighbors.state("bell admin", waiting) == "approved"


async def test_who_is_closed_is_restored_by_hand_alone(neighbors: Neighbors, ann: Any) -> None:
    ok(await neighbors.transfer("system", ann, "bell"))
    refused = await neighbors.transfer("north admin", ann, "south")
    assert (refused.status_code, "archived" in refused.json()["detail"]) == (422, True)
    await neighbors.house.facts()
    await neighbors.callers["north admin"].patch(f"/v1/users/{ann['id']}", status="active")
    [(_, _, back)] = await neighbors.house.told()
    assert (back["status"], back["status_reason"]) == ("active", None)


async def test_a_dry_run_shows_each_tenants_part_to_who_administers_it(neighbors: Neighbors, ann: Any) -> None:
    state = {
        "tenant_id": ann["tenant_id"],
        "user_id": ann["id"],
        "org_id": neighbors.org("north"),
        "status": "archived",
    }
    state["roles"] = ["learner", "observer", "org_admin"]
    asked = (await neighbors.transfer("north admin", ann, "bell", dry_run=True)).json()
    assert asked == {"dry_run": True, "outcome": "asked", "people": [state], "people_there": []}
    done = (await neighbors.transfer("system", ann, "bell", dry_run=True)).json()
    [new] = done["people_there"]
    assert (new["org_id"], new["status"], new["roles"]) == (neighbors.org("bell"), "invited", ["learner", "observer"])
    assert await neighbors.house.facts() == []


@pytest.mark.parametrize(
    ("by", "org", "code"),
    [
        ("north admin", "south", "unknown_org"),
        ("district admin", "bell", "unknown_org"),
        ("system", "bell", "not_possible"),
    ],
)
async def test_a_row_of_many_says_to_ask_for_what_is_not_the_callers_to_do(
    neighbors: Neighbors, ann: Any, by: str, org: str, code: str
) -> None:
    body = {"rows": [{"user": "ann", "act": "transfer", "org": neighbors.org(org)}]}
    response = await neighbors.callers[by].ask("POST", "/v1/users:bulk?dry_run=true", json=body)
    [row] = ok(response)["rows"]
    assert (row["outcome"], row["code"], "usher users transfer" in row["reason"]) == ("refused", code, True)
