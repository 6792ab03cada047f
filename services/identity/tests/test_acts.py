"""Administrative acts are written down: by whom, what was before and after, refused ones too, and nobody's names."""

from typing import Any

from usher_identity.importing.running import run_next_import

from .story import AUDIT, House
from .test_imports import SMALL, pack, send, take


async def written(house: House) -> list[dict[str, Any]]:
    return [{**fact, "actor": attributes["actor"]} for _, attributes, fact in await house.acts()]


async def test_a_change_of_roles_is_written_down_with_before_and_after(house: House) -> None:
    ada = await house.person("ada")
    await house.acts()
    await house.system.set_roles(ada, "learner")
    [entry] = await written(house)
    assert (entry["act"], entry["target"], entry["outcome"], entry["actor"]) == (
        "user.set_roles",
        ada["id"],
        "done",
        "client:cli",
    )
    assert (entry["before"]["roles"], entry["after"]["roles"]) == ([], ["learner"])


async def test_what_changes_nothing_is_no_act(house: House) -> None:
    ada = await house.person("ada", roles=["learner"])
    await house.acts()
    await house.system.set_roles(ada, "learner")
    await house.system.patch(f"/v1/users/{ada['id']}", display_name=ada["display_name"])
    assert await written(house) == []


async def test_refusals_are_written_down_whoever_refused(house: House) -> None:
    near = await house.person("near", "north")
    nora = await house.person("nora", "north", roles=["org_admin"])
    far = await house.person("far", "south")
    admin = await house.as_person(nora)
    await house.acts()
    await admin.ask("PUT", f"/v1/users/{near['id']}/roles", json={"roles": ["system_admin"]})
    await admin.ask("PUT", f"/v1/users/{far['id']}/roles", json={"roles": []})
    entries = await written(house)
    assert [(one["act"], one["target"], one["reason"]) for one in entries] == [
        ("user.set_roles", near["id"], "forbidden"),
        ("user.set_roles", far["id"], "not_found"),
    ]
    assert {one["actor"] for one in entries} == {f"user:{nora['id']}"}


async def test_no_name_and_no_password_is_written_down(house: House) -> None:
    ada = await house.person("ada-the-first", email="ada@example.org")
    await house.system.post(f"/v1/users/{ada['id']}/password", password="correct horse battery")
    await house.system.patch(f"/v1/users/{ada['id']}", display_name="Countess", user_name="countess")
    entries = await written(house)
    acts = [one["act"] for one in entries if one["target"] == ada["id"]]
    assert acts == ["user.create", "user.set_password", "user.change"]
    assert not any(word in str(entries).lower() for word in ("ada-the", "ada@", "countess", "horse"))


async def test_an_import_is_written_down_at_its_start_and_at_its_end_by_its_changeset(house: House) -> None:
    await house.facts()
    job = await take(house, SMALL)
    written_down = await house.facts()
    acts = [(attributes, fact) for key, attributes, fact in written_down if key == AUDIT]
    assert [(fact["act"], fact["target"], fact["outcome"]) for _, fact in acts] == [
        ("import.start", job["id"], "done"),
        ("import.end", job["id"], "done"),
    ]
    assert {(attributes["changeset"], attributes["actor"]) for attributes, _ in acts} == {(job["id"], "client:cli")}
    end = acts[1][1]["after"]
    assert (end["state"], end["people.created"], end["people.not_taken"], end["issues"]) == ("done", 2, 1, 1)


async def test_an_import_that_cannot_be_taken_is_written_down_with_the_reason(house: House) -> None:
    await send(house.system, pack({"orgs.csv": "sourcedId\n"}))
    await run_next_import(house.runtime)
    [end] = [one for one in await written(house) if one["act"] == "import.end"]
    assert end["after"]["state"] == "failed"
    assert end["reason"]
