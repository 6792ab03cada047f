"""Bulk acts: rows of JSON or CSV, run as a worker runs them on a real database."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from usher_identity.domain.jobs import Kind
from usher_identity.importing.bulk import Running, run_next_bulk, tenants_of
from usher_identity.importing.claims import take_claim
from usher_kit.leases import LEASE, LeaseLost

from .story import Caller, House, ok
from .test_imports import fetch, take, users

PATH = "/v1/users:bulk"
USER = "identity.user.changed.v1"


async def staff(house: House, count: int = 50) -> str:
    """A tenant with so many teachers; answers its id."""
    await take(house, users(*[f"u{number:03} teacher name{number}" for number in range(count)]))
    return str((await fetch(house, "select tenant_id from person_link where source = 'oneroster' limit 1"))[0][0])


def rows(act: str, numbers: Sequence[int], **more: Any) -> list[dict[str, Any]]:
    return [{"user": f"name{number}", "act": act, **more} for number in numbers]


async def run(house: House, given: list[dict[str, Any]], caller: Caller | None = None, **query: Any) -> Any:
    """Ask for a bulk job, run it, and return it."""
    accepted = await (caller or house.system).ask("POST", PATH, json={"rows": given}, params=query)
    assert accepted.status_code == 202, accepted.text
    assert await run_next_bulk(house.runtime)
    return await house.system.get(accepted.headers["Location"])


async def outcomes(house: House, job: Any) -> list[tuple[int, str, str | None]]:
    page = await house.system.get(f"/v1/jobs/{job['id']}/rows", limit=500)
    return [(one["row"], one["outcome"], one["code"]) for one in page["items"]]


async def state(house: House) -> list[Any]:
    """Everybody, but for versions and times."""
    return await fetch(house, "select user_name, status, roles, org_id from person order by user_name")


async def contents(house: House) -> dict[str, Any]:
    """Every table's rows."""
    names = await fetch(house, "select tablename from pg_tables where schemaname = 'public' order by tablename")
    async with house.runtime.database.transaction(await house.runtime.database.all_tenants()) as conn:
        return {
            name: sorted(map(repr, (await conn.execute(text(f"select * from {name}"))).all()))
            for (name,) in names
            if name not in ("alembic_version", "epoch")
        }


async def test_each_act_does_what_it_says(house: House) -> None:
    north, south = (house.organizations[name]["id"] for name in ("north", "south"))
    made = {
        name: await house.person(name, roles=["learner", "reporter"])
        for name in ("add", "take", "set", "move", "archive", "delete", "restore")
    }
    await house.system.patch(f"/v1/users/{made['restore']['id']}", status="archived")
    job = await run(
        house,
        [
            {"user": "ADD", "act": "add_roles", "roles": ["observer"]},
            {"user": "take", "act": "remove_roles", "roles": ["learner", "observer"]},
            {"user": made["set"]["id"], "act": "set_roles", "roles": ["observable"]},
            {"user": "move", "act": "transfer", "org": "South School"},
            {"user": "archive", "act": "archive"},
            {"user": "delete", "act": "delete"},
            {"user": "restore", "act": "restore"},
            {"user": "add", "act": "restore"},
        ],
    )
    assert (job["state"], job["kind"], job["progress"]["phase"]) == ("done", "bulk", "over")
    assert (job["progress"]["done"], job["progress"]["total"]) == (8, 8)
    assert job["counts"]["rows"] == {"done": 7, "unchanged": 1, "refused": 0, "held": 0}
    assert [one[1] for one in await outcomes(house, job)] == ["done"] * 7 + ["unchanged"]
    both = ["learner", "reporter"]
    assert {(row.user_name, row.status, tuple(row.roles), str(row.org_id)) for row in await state(house)} == {
        ("add", "active", ("learner", "observer", "reporter"), north),
        ("take", "active", ("reporter",), north),
        ("set", "active", ("observable",), north),
        ("move", "active", tuple(both), south),
        ("archive", "archived", tuple(both), north),
        (f"deleted-{made['delete']['id']}", "deleted", (), north),
        ("restore", "active", tuple(both), north),
    }


async def test_who_is_deleted_leaves_no_personal_data(house: House) -> None:
    await staff(house, 1)
    await house.facts()
    await run(house, [{"user": "u000", "act": "delete"}])
    searched = {name: rows for name, rows in (await contents(house)).items() if name not in {"job_row", "erasure"}}
    everything = repr(searched)
    assert "name0" not in everything.lower()
    assert [fact["status"] for key, _, fact in await house.facts() if key == USER] == ["deleted"]
    job = await take(house, users("u000 teacher name0"))
    assert job["counts"]["people"]["created"] == 0, "no import brings them back"


async def test_rows_are_refused_each_with_its_number_and_reason(house: House) -> None:
    await house.person("ann", email="twice@example.org")
    await house.person("bo", email="twice@example.org")
    job = await run(
        house,
        [
            {"user": "ann", "act": "promote"},
            {"user": "ann", "act": "add_roles", "roles": ["wizard"]},
            {"user": "ann", "act": "add_roles"},
            {"user": "nobody", "act": "archive"},
            {"user": "twice@example.org", "act": "archive"},
            {"user": "ann", "act": "transfer", "org": "nowhere"},
            {"user": "ann", "act": "transfer"},
            {"user": "ann", "act": "add_roles", "roles": ["system_admin"]},
            {"user": "ann", "act": "add_roles", "roles": ["learner"]},
        ],
    )
    assert [code for _, outcome, code in await outcomes(house, job) if outcome == "refused"] == [
        "unknown_act",
        "unknown_role",
        "no_role",
        "unknown_user",
        "ambiguous_user",
        "unknown_org",
        "unknown_org",
        "not_possible",
    ]
    assert job["counts"]["rows"] == {"done": 1, "unchanged": 0, "refused": 8, "held": 0}
    refused = await house.system.get(f"/v1/jobs/{job['id']}/rows", outcome="refused", limit=3)
    assert [row["row"] for row in refused["items"]] == [1, 2, 3]
    assert "promote" in refused["items"][0]["reason"]
    assert refused["next_cursor"]


async def test_rows_of_one_person_are_taken_in_their_order_and_make_one_change(house: House) -> None:
    ann = await house.person("ann", roles=["learner"])
    await house.facts()
    job = await run(
        house,
        [
            {"user": "ann", "act": "archive"},
            {"user": ann["id"], "act": "restore"},
            {"user": "Ann", "act": "set_roles", "roles": ["observer"]},
            {"user": "ann", "act": "add_roles", "roles": ["reporter"]},
        ],
    )
    assert job["counts"]["rows"]["done"] == 4
    facts = [(attributes, fact) for key, attributes, fact in await house.facts() if key == USER]
    [(attributes, fact)] = facts
    assert (fact["status"], [one["role"] for one in fact["roles"]]) == ("active", ["observer", "reporter"])
    assert attributes["changeset"] == job["id"]


async def test_a_table_of_csv_is_read(house: House) -> None:
    await house.person("ann")
    await house.person("bo")
    table = "\ufeffUser_Name,Act,Roles,Org\nann,add_roles,learner; observer,\n\nbo,transfer,,South School\n"
    accepted = await house.system.ask("POST", PATH, content=table.encode(), headers={"Content-Type": "text/csv"})
    assert ok(accepted)["progress"]["total"] == 2
    assert await run_next_bulk(house.runtime)
    found = {row.user_name: row for row in await state(house)}
    assert found["ann"].roles == ["learner", "observer"]
    assert str(found["bo"].org_id) == house.organizations["south"]["id"]


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (b"{", "application/json", "no JSON"),
        (b'{"rows": []}', "application/json", "no rows"),
        (b'{"rows": [{"act": "archive"}]}', "application/json", "/rows/0/user"),
        (b"name,act\nann,archive", "text/csv", "first line names the columns"),
        (b"\xff\xfe", "text/csv", "no CSV in UTF-8"),
        (b'{"users": ["a\\u0000"], "act": "archive"}', "application/json", "null character"),
    ],
)
async def test_what_is_no_table_is_refused_whole(house: House, content: bytes, media_type: str, reason: str) -> None:
    refused = await house.system.ask("POST", PATH, content=content, headers={"Content-Type": media_type})
    assert refused.status_code == 422
    assert reason in refused.json()["detail"]


async def test_more_than_100_000_rows_are_too_many(house: House) -> None:
    body = {"users": ["a"] * 100_001, "act": "archive"}
    assert (await house.system.ask("POST", PATH, json=body)).status_code == 413


async def test_one_act_for_many(house: House) -> None:
    people = [await house.person(name) for name in ("ann", "bo")]
    body = {"users": [one["id"] for one in people], "act": "add_roles", "roles": ["learner"]}
    ok(await house.system.ask("POST", PATH, json=body))
    assert await run_next_bulk(house.runtime)
    assert [row.roles for row in await state(house)] == [["learner"], ["learner"]]


async def test_a_dry_run_answers_what_would_be_and_changes_nothing(house: House) -> None:
    await staff(house)
    before = await contents(house)
    given = [*rows("add_roles", range(5), roles=["observer"]), *rows("archive", range(5, 8)), *rows("restore", [9])]
    given.append({"user": "nobody", "act": "archive"})
    answer = await house.system.ask("POST", PATH, json={"rows": given}, params={"dry_run": "true"})
    assert answer.status_code == 200
    assert await contents(house) == before
    shown = answer.json()
    assert shown["counts"] == {"done": 8, "unchanged": 1, "refused": 1, "held": 0}
    assert [row["row"] for row in shown["rows"]] == list(range(1, 11))
    job = await run(house, given)
    assert job["counts"]["rows"] == shown["counts"]
    found = await fetch(
        house,
        "select tenant_id, id, org_id, status, roles from person where status = 'archived' or 'observer' = any(roles)",
    )
    then = [
        {
            "tenant_id": str(row.tenant_id),
            "user_id": str(row.id),
            "org_id": str(row.org_id),
            "status": row.status,
            "roles": row.roles,
        }
        for row in found
    ]
    assert sorted(shown["people"], key=repr) == sorted(then, key=repr)


async def test_what_a_dry_run_says_is_held_is_held(house: House) -> None:
    await staff(house)
    given = [*rows("archive", range(11)), *rows("add_roles", range(9, 14), roles=["observer"])]
    shown = (await house.system.ask("POST", PATH, json={"rows": given}, params={"dry_run": "true"})).json()
    assert shown["counts"] == {"done": 5, "unchanged": 0, "refused": 0, "held": 11}
    assert [one["people"] for one in shown["held"]] == [11]
    assert len(shown["people"]) == 5
    job = await run(house, given)
    assert job["counts"]["rows"] == shown["counts"]
    assert [one["code"] for one in (await house.system.get(f"/v1/jobs/{job['id']}/issues"))["items"]] == ["mass_loss"]
    found = await state(house)
    assert Counter(row.status for row in found) == {"active": 50}
    assert sum("observer" in row.roles for row in found) == 5
    [change_set] = (await house.system.get("/v1/change-sets"))["items"]
    assert (change_set["kind"], change_set["source"], change_set["would_deactivate"]) == ("bulk", "manual", 11)
    await house.system.post(f"/v1/change-sets/{change_set['id']}:approve")
    assert Counter(row.status for row in await state(house)) == {"active": 39, "archived": 11}


@pytest.mark.parametrize(("count", "held"), [(10, 0), (11, 11)])
async def test_the_guard_is_at_the_same_share_as_for_imports(house: House, count: int, held: int) -> None:
    await staff(house)
    job = await run(house, rows("remove_roles", range(count), roles=["learner"]))
    assert job["counts"]["rows"] == {"done": count - held, "unchanged": 0, "refused": 0, "held": held}


async def test_a_job_killed_after_any_step_resumes_and_ends_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker falls silent after a few steps; the next takes the job up once the claim has run out."""
    monkeypatch.setattr("usher_identity.importing.bulk.BATCH_PEOPLE", 4)
    monkeypatch.setattr("usher_identity.importing.bulk.BATCH_ROWS", 10)
    await staff(house)
    given = [*rows("archive", range(8)), *rows("add_roles", range(4, 30), roles=["observer"])]
    await house.facts()
    accepted = await house.system.ask("POST", PATH, json={"rows": given})
    workers = 0
    while not await over(house):
        claim = await take_claim(house.runtime, Kind.BULK)
        assert claim is not None
        running = Running(claim, await tenants_of(house.runtime, claim.job))
        for _ in range(2):
            await one_step(running)
        workers += 1
        house.pass_time(seconds=LEASE.total_seconds() + 1)
    silent = running
    house.pass_time(seconds=LEASE.total_seconds() + 1)
    assert await run_next_bulk(house.runtime)
    with pytest.raises(LeaseLost):
        await silent.take_losses()
    assert workers > 4
    job = await fetch(house, "select state, counts from job where kind = 'bulk'")
    assert (job[0].state, '"rows.done":34' in job[0].counts) == ("done", True)
    versions = [fact["version"] for key, _, fact in await house.facts() if key == USER]
    found = await state(house)
    assert Counter(row.status for row in found) == {"active": 42, "archived": 8}
    assert sum("observer" in row.roles for row in found) == 26
    assert (len(versions), max(versions)) == (30, 2), "nobody changed twice"
    assert accepted.status_code == 202


async def over(house: House) -> bool:
    staged = "select count(*) from held_change where state = 'staged'"
    [row] = await fetch(house, f"select phase, ({staged}) as staged from job where kind = 'bulk'")
    return bool(row.phase == "losses" and not row.staged)


async def one_step(running: Running) -> None:
    if running.job.phase == "rows":
        await running.read_rows()
    elif running.job.phase == "people":
        await running.take_people()
    else:
        await running.take_losses()


async def test_two_jobs_on_the_same_people_at_once_both_end_right(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usher_identity.importing.bulk.BATCH_PEOPLE", 7)
    await staff(house, 60)
    for act, role, numbers in (
        ("add_roles", "observer", range(60)),
        ("add_roles", "reporter", reversed(range(60))),
        ("remove_roles", "observable", range(5)),
    ):
        ok(await house.system.ask("POST", PATH, json={"rows": rows(act, list(numbers), roles=[role])}))
    assert await asyncio.gather(*[run_next_bulk(house.runtime) for _ in range(3)]) == [True] * 3
    found = await state(house)
    assert sum(row.roles == ["learner", "observer", "reporter"] for row in found) == 5
    assert sum(row.roles == ["learner", "observable", "observer", "reporter"] for row in found) == 55
    jobs = await fetch(house, "select state, counts from job where kind = 'bulk'")
    assert sorted(row.counts for row in jobs) == ['{"rows.done":5}', '{"rows.done":60}', '{"rows.done":60}']


async def test_one_key_is_one_job(house: House) -> None:
    await house.person("ann")
    body = {"rows": [{"user": "ann", "act": "archive"}]}
    sent = [ok(await house.system.ask("POST", PATH, json=body, headers={"Idempotency-Key": "once"})) for _ in range(2)]
    assert sent[0]["id"] == sent[1]["id"]
    assert await run_next_bulk(house.runtime)
    assert not await run_next_bulk(house.runtime)


async def test_an_administrator_changes_their_own_units_people_alone(house: House) -> None:
    admin = await house.as_person(await house.person("admin", "north", roles=["org_admin"]))
    reporter = await house.as_person(await house.person("rep", "north", roles=["reporter"]))
    await house.person("ann", "north")
    await house.person("bo", "south")
    given: list[dict[str, Any]] = [
        {"user": "ann", "act": "add_roles", "roles": ["learner"]},
        {"user": "ann", "act": "add_roles", "roles": ["system_admin"]},
        {"user": "ann", "act": "transfer", "org": "South School"},
        {"user": "bo", "act": "archive"},
    ]
    assert (await reporter.ask("POST", PATH, json={"rows": given})).status_code == 403
    south = {"org_id": house.organizations["south"]["id"]}
    assert (await admin.ask("POST", PATH, json={"rows": given}, params=south)).status_code == 404
    job = await run(house, given, admin)
    assert await outcomes(house, job) == [
        (1, "done", None),
        (2, "refused", "not_allowed"),
        (3, "refused", "unknown_org"),
        (4, "refused", "unknown_user"),
    ]
    assert (await admin.get(f"/v1/jobs/{job['id']}"))["org_id"] == house.organizations["north"]["id"]
    assert (await reporter.ask("GET", f"/v1/jobs/{job['id']}/rows")).status_code == 403


async def test_every_persons_change_is_written_down(house: House) -> None:
    ann = await house.person("ann", roles=["learner"])
    await house.facts()
    job = await run(house, [{"user": "ann", "act": "archive"}, {"user": "nobody", "act": "archive"}])
    acts = [(fact["act"], fact["target"]) for _, _, fact in await house.acts()]
    assert acts == [("bulk.start", job["id"]), ("user.bulk", ann["id"]), ("bulk.end", job["id"])]


async def test_a_single_change_waits_for_no_more_than_a_batch(house: House) -> None:
    """Between two batches a job holds no lock."""
    await staff(house)
    ok(await house.system.ask("POST", PATH, json={"rows": rows("add_roles", range(40), roles=["observer"])}))
    claim = await take_claim(house.runtime, Kind.BULK)
    assert claim is not None
    running = Running(claim, await tenants_of(house.runtime, claim.job))
    await running.read_rows()
    await running.read_rows()
    ann = (await house.system.get("/v1/users", identifier="name0"))["items"][0]
    async with asyncio.timeout(5):
        await house.system.patch(f"/v1/users/{ann['id']}", display_name="Anne")
    await running.run()
    assert (await house.system.get(f"/v1/users/{ann['id']}"))["display_name"] == "Anne"
