"""Held changes: imports that would take too much, and administrators who decide on it."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from usher_identity.importing.deciding import do_what_was_decided
from usher_identity.importing.running import run_next_import

from .story import House
from .test_imports import HEADER, ORGS, delta, fetch, issues, pack, people, send, take, users

HELD = "identity.change_set.held.v1"
EVERYBODY = [f"u{number:02} teacher name{number}" for number in range(50)]


async def staff(house: House) -> str:
    """A tenant with fifty teachers in Oak School, whom `oneroster` knows. Answers its id."""
    await take(house, users(*EVERYBODY))
    return str((await fetch(house, "select tenant_id from person_link where source = 'oneroster' limit 1"))[0][0])


async def lost(house: House, count: int = 11) -> Any:
    """The change set of an import that no longer lists the last `count` of the staff."""
    await take(house, users(*EVERYBODY[:-count]))
    return (await house.system.get("/v1/change-sets"))["items"][0]


async def statuses(house: House) -> Counter[str]:
    return Counter(row.status for row in (await people(house)).values())


async def decide(house: House, change_set: Any, verdict: str, **request: Any) -> Any:
    return await house.system.ask("POST", f"/v1/change-sets/{change_set['id']}:{verdict}", **request)


async def shown(house: House, change_set: Any, **query: Any) -> Any:
    return await house.system.get(f"/v1/change-sets/{change_set['id']}", **query)


@pytest.mark.parametrize(("missing", "held"), [(10, 0), (11, 11)])
async def test_at_the_very_share_all_pass_and_one_more_holds_all(house: House, missing: int, held: int) -> None:
    await staff(house)
    job = await take(house, users(*EVERYBODY[:-missing]))
    assert job["counts"]["people"]["held"] == held
    assert job["counts"]["people"]["archived"] == missing - held
    assert await statuses(house) == Counter(active=50 - missing + held, archived=missing - held)


async def test_what_is_held_is_told_and_written_down_with_its_figures(house: House) -> None:
    tenant = await staff(house)
    await house.facts()
    job = await take(house, users(*EVERYBODY[:-11], "u99 aide new"))
    facts = await house.facts()
    [(_, attributes, fact)] = [one for one in facts if one[0] == HELD]
    assert attributes["changeset"] == job["id"]
    assert (fact["org_id"], fact["source"], fact["status"], fact["version"]) == (tenant, "oneroster", "held", 1)
    assert (fact["would_deactivate"], fact["would_remove_roles"]) == (11, 0)
    assert (fact["of_people"], fact["share_percent"]) == (51, 20)
    assert [fact["after"]["state"] for _, _, fact in facts if fact.get("act") == "change_set.hold"] == ["held"]
    [one] = (await house.system.get("/v1/change-sets"))["items"]
    assert (one["id"], one["job_id"], one["kind"]) == (fact["id"], job["id"], "import")
    assert one["people"] == {"held": 11, "approved": 0, "rejected": 0, "stale": 0}
    assert await statuses(house) == Counter(active=51), "additions pass"


async def test_an_empty_full_set_archives_nobody(house: House) -> None:
    """Not even of a tenant so small that any share of it is few."""
    for rows in (EVERYBODY[:3], EVERYBODY):
        await take(house, users(*rows))
        job = await take(house, users())
        assert (job["state"], job["mode"]) == ("done", "bulk")
        assert job["counts"]["people"]["held"] == len(rows)
        assert await statuses(house) == Counter(active=len(rows))
        job = await take(house, {"orgs.csv": ORGS, "users.csv": HEADER}, source="other")
        assert job["counts"]["people"]["held"] == 0


async def test_roles_that_go_count_and_are_held_while_the_rest_of_the_rows_is_done(house: House) -> None:
    await staff(house)
    fewer = [row.replace("teacher", "principal") for row in EVERYBODY[:11]]
    job = await take(house, users(*fewer, *EVERYBODY[11:]))
    assert job["counts"]["people"]["held"] == 11
    found = await people(house)
    assert found["u00"].roles == ["learner", "observable", "observer", "reporter"]
    change_set = (await house.system.get("/v1/change-sets"))["items"][0]
    assert (change_set["would_deactivate"], change_set["would_remove_roles"]) == (0, 11)
    await decide(house, change_set, "approve")
    assert {tuple(row.roles) for row in (await people(house)).values()} == {
        ("observer", "reporter"),
        ("learner", "observable"),
    }
    await take(house, users(*EVERYBODY[:5], *fewer[5:], *EVERYBODY[11:]))
    assert (await people(house))["u00"].roles == ["learner", "observable"], "what was taken can be given again"


async def test_a_delta_set_is_judged_too(house: House) -> None:
    await staff(house)
    marked = f"{HEADER}\n" + "\n".join(f"u{number:02},tobedeleted,,,,,name{number},,," for number in range(11))
    job = await take(house, delta({"orgs.csv": ORGS, "users.csv": marked}))
    assert job["counts"]["people"]["held"] == 11
    assert await statuses(house) == Counter(active=50)


async def test_all_are_approved_as_if_it_came_now(house: House) -> None:
    await staff(house)
    change_set = await lost(house)
    await house.facts()
    house.pass_time(minutes=2)
    answer = await decide(house, change_set, "approve")
    assert answer.json()["state"] == "approved"
    assert await statuses(house) == Counter(active=39, archived=11)
    facts = await house.facts()
    gone = [(attributes, fact) for key, attributes, fact in facts if key == "identity.user.changed.v1"]
    assert {fact["status_since"] for _, fact in gone} == {"2026-09-01T08:02:00Z"}
    assert {attributes["changeset"] for attributes, _ in gone} == {change_set["id"]}
    assert [fact["status"] for key, _, fact in facts if key == HELD] == ["approved"]
    assert "change_set.approve" in [fact.get("act") for _, _, fact in facts]
    job = await take(house, users(*EVERYBODY[:-11]))
    assert job["counts"]["people"] | {"unchanged": 0} == dict.fromkeys(job["counts"]["people"], 0)
    assert (await house.system.get("/v1/change-sets"))["items"] == []


async def test_some_are_approved_and_some_rejected(house: House) -> None:
    await staff(house)
    change_set = await lost(house)
    rows = (await shown(house, change_set))["items"]
    some, others = [row["user_id"] for row in rows[:4]], [row["user_id"] for row in rows[4:]]
    answer = await decide(house, change_set, "approve", json={"user_ids": some})
    assert (answer.json()["state"], answer.json()["people"]["held"]) == ("held", 7)
    again = await decide(house, change_set, "approve", json={"user_ids": some})
    assert again.status_code == 409
    answer = await decide(house, change_set, "reject", json={"user_ids": others})
    assert (answer.json()["state"], answer.json()["version"]) == ("approved", 3)
    assert answer.json()["people"] == {"held": 0, "approved": 4, "rejected": 7, "stale": 0}
    assert await statuses(house) == Counter(active=46, archived=4)
    rejected = (await shown(house, change_set, state="rejected"))["items"]
    assert {row["user_id"] for row in rejected} == set(others)
    assert {row["decided_by"] for row in rejected} == {"client:cli"}


async def test_what_was_rejected_is_not_asked_again_by_the_same_file(house: House) -> None:
    await staff(house)
    change_set = await lost(house)
    await house.facts()
    assert (await decide(house, change_set, "reject")).json()["state"] == "rejected"
    assert [key for key, *_ in await house.told()] == [HELD], "nobody changes"
    job = await take(house, users(*EVERYBODY[:-11]))
    assert job["counts"]["people"]["held"] == 0
    assert await statuses(house) == Counter(active=50)
    await take(house, users(*EVERYBODY))
    assert await statuses(house) == Counter(active=50)


async def test_a_newer_import_overtakes_what_is_held(house: House) -> None:
    await staff(house)
    first = await lost(house)
    second = await lost(house, 12)
    assert second["id"] != first["id"]
    assert (await shown(house, first))["state"] == "stale"
    await take(house, users(*EVERYBODY))
    assert (await house.system.get("/v1/change-sets"))["items"] == []
    for old in (first, second):
        assert (await decide(house, old, "approve")).status_code == 409
    assert await statuses(house) == Counter(active=50)


async def test_a_delta_set_overtakes_whom_it_names_alone(house: House) -> None:
    await staff(house)
    change_set = await lost(house)
    await take(house, delta(users(EVERYBODY[-1])))
    assert (await shown(house, change_set))["people"] == {"held": 10, "approved": 0, "rejected": 0, "stale": 1}


async def test_a_row_is_stale_once_its_person_is_deleted(house: House) -> None:
    await staff(house)
    change_set = await lost(house)
    one = (await shown(house, change_set))["items"][0]["user_id"]
    await fetch(house, "update person set status = 'deleted' where id = cast(:id as uuid) returning 1", id=one)
    answer = await decide(house, change_set, "approve")
    assert answer.json()["people"] == {"held": 0, "approved": 10, "rejected": 0, "stale": 1}


async def test_rows_are_paged_and_an_old_tag_is_refused(house: House) -> None:
    await staff(house)
    change_set = await lost(house)
    first = await shown(house, change_set, limit=6)
    second = await shown(house, change_set, limit=6, cursor=first["next_cursor"])
    assert second["next_cursor"] is None
    found = [row["user_id"] for row in first["items"] + second["items"]]
    assert len(set(found)) == len(found) == 11
    assert {row["status"] for row in first["items"]} == {"archived"}
    tag = (await house.system.ask("GET", f"/v1/change-sets/{change_set['id']}")).headers["ETag"]
    done = await decide(house, change_set, "approve", json={"user_ids": found[:1]}, headers={"If-Match": tag})
    assert (done.status_code, done.headers["ETag"]) == (200, '"2"')
    assert (await decide(house, change_set, "approve", headers={"If-Match": tag})).status_code == 412


async def test_only_the_organizations_administrator_sees_and_decides(house: House) -> None:
    tenant = house.organizations["district"]["id"]
    await take(house, users(*EVERYBODY), tenant_id=tenant)
    await take(house, users(*EVERYBODY[:20]), tenant_id=tenant)
    [change_set] = (await house.system.get("/v1/change-sets"))["items"]
    admin = await house.as_person(await house.person("admin", "district", roles=["org_admin"]))
    unit_admin = await house.as_person(await house.person("unit", "north", roles=["org_admin"]))
    reporter = await house.as_person(await house.person("rep", "district", roles=["reporter"]))
    path = f"/v1/change-sets/{change_set['id']}"
    for caller, status in ((unit_admin, 404), (reporter, 403)):
        assert (await caller.ask("GET", path)).status_code == status
        assert (await caller.ask("POST", f"{path}:approve")).status_code == status
    assert (await unit_admin.get("/v1/change-sets"))["items"] == []
    assert [one["id"] for one in (await admin.get("/v1/change-sets"))["items"]] == [change_set["id"]]
    assert (await admin.ask("POST", f"{path}:reject")).status_code == 200


async def test_an_organization_sets_its_own_share_and_its_units_inherit_it(house: House) -> None:
    tenant = await staff(house)
    unit = str((await fetch(house, "select id from organization where name = 'Oak School'"))[0].id)
    assert await house.system.get("/v1/settings", org_id=unit) == {
        "org_id": unit,
        "loss_share_percent": 20,
        "set_by": None,
    }
    put = await house.system.ask("PUT", "/v1/settings", json={"org_id": tenant, "loss_share_percent": 100})
    assert put.json()["set_by"] == tenant
    assert (await house.system.get("/v1/settings", org_id=unit))["loss_share_percent"] == 100
    job = await take(house, users(*EVERYBODY[:-11]))
    assert job["counts"]["people"]["archived"] == 11
    body = {"org_id": unit, "loss_share_percent": 5}
    stale = await house.system.ask("PUT", "/v1/settings", json=body, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    await house.system.ask("PUT", "/v1/settings", json=body)
    job = await take(house, users(*EVERYBODY[:-21]))
    assert job["counts"]["people"]["held"] == 10
    back = await house.system.ask("PUT", "/v1/settings", json={"org_id": unit, "loss_share_percent": None})
    assert back.json()["loss_share_percent"] == 100


async def test_a_dry_run_says_what_would_be_held_and_leaves_nothing(house: House) -> None:
    await staff(house)
    job = await take(house, users(*EVERYBODY[:-11]), dry_run="true")
    assert (job["counts"]["people"]["held"], job["counts"]["people"]["archived"]) == (11, 0)
    assert [code for *_, code in await issues(house, job)] == ["mass_loss"]
    job = await take(house, users(*EVERYBODY[:-10]), dry_run="true")
    assert (job["counts"]["people"]["held"], job["counts"]["people"]["archived"]) == (0, 10)
    assert await fetch(house, "select 1 from held_change union all select 1 from change_set") == []
    assert await statuses(house) == Counter(active=50)


async def test_an_import_killed_anywhere_holds_and_takes_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after each step that it has committed, until it is over."""
    monkeypatch.setattr("usher_identity.importing.running.BATCH_PEOPLE", 8)
    await staff(house)
    files = users(*[row.replace("teacher", "principal") for row in EVERYBODY[:30]])
    accepted = await send(house.system, pack(files))
    kills, step = 0, await progress(house)
    while (await house.system.get(accepted.headers["Location"]))["state"] != "done":
        working = asyncio.create_task(run_next_import(house.runtime))
        while not working.done() and (now := await progress(house)) == step:
            await asyncio.sleep(0)
        kills, step = kills + working.cancel(), now
        await asyncio.gather(working, return_exceptions=True)
    assert kills > 5
    job = await house.system.get(accepted.headers["Location"])
    assert job["counts"]["people"]["held"] == 50
    [change_set] = (await house.system.get("/v1/change-sets"))["items"]
    assert (change_set["would_deactivate"], change_set["would_remove_roles"]) == (20, 30)
    assert await fetch(house, "select 1 from held_change where state = 'staged' or gains <> ''") == []
    assert await statuses(house) == Counter(active=50)
    assert len((await people(house))["u00"].roles) == 4


async def progress(house: House) -> Any:
    """How far imports are: what a step of one changes."""
    return await fetch(house, "select phase, position, (select count(*) from held_change where gains <> '') from job")


async def test_a_role_that_was_taken_and_is_given_again_is_held_again(house: House) -> None:
    for word, roles in (("teacher", 2), ("wizard", 0), ("teacher", 2)):
        await take(house, users(f"u1 {word} ann"), mapping='{"roles": {"wizard": []}, "counted": {}}')
        assert len((await people(house))["u1"].roles) == roles


async def test_what_a_request_did_not_get_to_is_done_behind_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usher_identity.importing.deciding.BATCH", 2)
    await staff(house)
    await decide(house, await lost(house), "approve")
    assert (await statuses(house))["archived"] == 8
    rounds = 0
    while await do_what_was_decided(house.runtime):
        rounds += 1
    assert rounds == 2
    assert (await statuses(house))["archived"] == 11
