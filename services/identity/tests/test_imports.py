"""Imports from upload to facts: on a real database, run as a worker runs them."""

import asyncio
import csv
import io
import os
import zipfile
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import text

from usher_cli.generate.district import generate_district
from usher_identity.domain.jobs import MAX_ATTEMPTS
from usher_identity.domain.mapping import MappingError
from usher_identity.importing.claims import next_claim, take_claim
from usher_identity.importing.forgetting import forget_old_issues
from usher_identity.importing.running import run_next_import
from usher_identity.store.jobs import claim_job
from usher_kit.leases import LEASE, LeaseLost

from .story import CLI_SECRET, Caller, House, ok

Files = Mapping[str, str | bytes]

ORGS = """sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
D,,,Fir District,district,,
S,,,Oak School,school,,D
T,,,Elm School,school,,D
"""
HEADER = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,email"
USERS = f"""{HEADER}
u1,,,true,S,teacher,ann.lee,Ann,Lee,ann.lee@fir.example.org
u2,,,true,T,principal,bo.ek,Bo,Ek,bo.ek@fir.example.org
u3,,,true,S,wizard,cy.ray,Cy,Ray,cy.ray@fir.example.org
u4,,,true,S,student,di.fox,Di,Fox,
u5,,,true,S,parent,ed.fox,Ed,Fox,
"""
SMALL: Files = {"orgs.csv": ORGS, "users.csv": USERS}
USER, PROFILE = "identity.user.changed.v1", "identity.user_profile.changed.v1"
ORGANIZATION = "identity.organization.changed.v1"


def pack(files: Files) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def users(*rows: str) -> Files:
    """The small set with other people: `id role user_name [org]`."""
    lines = [HEADER]
    for row in rows:
        external_id, role, name, *orgs = row.split()
        lines.append(f"{external_id},,,true,{orgs[0] if orgs else 'S'},{role},{name},{name.title()},Lee,")
    return {"orgs.csv": ORGS, "users.csv": "\n".join(lines)}


def delta(files: Files) -> Files:
    manifest = "propertyName,value\noneroster.version,1.1\nfile.orgs,bulk\nfile.users,delta\n"
    return {**files, "manifest.csv": manifest}


async def send(caller: Caller, content: bytes, *, key: str = "", **form: str) -> Response:
    files = {"file": ("set.zip", content, "application/zip")}
    headers = {"Idempotency-Key": key} if key else {}
    return await caller.ask("POST", "/v1/imports", files=files, data=form, headers=headers)


async def take(house: House, files: Files | bytes, caller: Caller | None = None, **form: str) -> Any:
    """Upload a set, run the job, and return it."""
    content = files if isinstance(files, bytes) else pack(files)
    accepted = await send(caller or house.system, content, **form)
    assert accepted.status_code == 202, accepted.text
    assert await run_next_import(house.runtime)
    return await (caller or house.system).get(accepted.headers["Location"])


async def issues(house: House, job: Any) -> list[tuple[str, int | None, str | None, str]]:
    """File, line, row id and code of what a job reports."""
    page = await house.system.get(f"/v1/jobs/{job['id']}/issues", limit=500)
    return [(one["file"], one["line"], one["row_id"], one["code"]) for one in page["items"]]


async def fetch(house: House, statement: str, **values: Any) -> list[Any]:
    database = house.runtime.database
    async with database.transaction(await database.all_tenants()) as conn:
        return list((await conn.execute(text(statement), values)).all())


async def people(house: House, source: str = "oneroster") -> dict[str, Any]:
    """Status, roles and organization of each person whom a source knows."""
    rows = await fetch(
        house,
        "select l.external_id, p.id, p.status, p.roles, p.user_name, o.name as org from person_link l join person p "
        "on p.id = l.person_id join organization o on o.id = p.org_id where l.source = :source",
        source=source,
    )
    return {row.external_id: row for row in rows}


async def test_a_set_becomes_a_tenant_with_its_people_and_their_facts(house: House) -> None:
    await house.told()
    accepted = await send(house.system, pack(SMALL))
    waiting = ok(accepted)
    assert (waiting["state"], waiting["progress"]["phase"], waiting["error"]) == ("waiting", "organizations", None)
    assert await run_next_import(house.runtime)
    assert not await run_next_import(house.runtime)
    job = await house.system.get(accepted.headers["Location"])
    assert (job["state"], job["dialect"], job["mode"]) == ("done", "OneRoster 1.1", "bulk")
    assert job["progress"] == {"phase": "over", "done": 5, "total": 5}
    assert job["counts"]["organizations"] == {"created": 3, "changed": 0, "unchanged": 0, "not_taken": 0}
    assert job["counts"]["people"]["created"] == 2
    assert job["counts"]["people"]["not_taken"] == 1
    assert job["counts"]["counted"] == {"student": 1, "parent": 1, "guardian": 0}
    assert await issues(house, job) == [("users.csv", 4, "u3", "unmapped_role")]
    facts = await house.told()
    assert Counter(key for key, *_ in facts) == {
        ORGANIZATION: 3,
        USER: 2,
        PROFILE: 2,
    }
    told = [(attributes, fact) for key, attributes, fact in facts if key in (USER, PROFILE, ORGANIZATION)]
    assert {attributes["changeset"] for attributes, _ in told} == {job["id"]}
    assert {attributes["actor"] for attributes, _ in told} == {"client:cli"}
    [ann] = [fact for key, _, fact in facts if key == PROFILE and fact["external_id"] == "u1"]
    assert (ann["user_name"], ann["display_name"], ann["email"]) == ("ann.lee", "Ann Lee", "ann.lee@fir.example.org")
    found = await people(house)
    assert {one: (row.status, row.roles, row.org) for one, row in found.items()} == {
        "u1": ("active", ["learner", "observable"], "Oak School"),
        "u2": ("active", ["observer", "reporter"], "Elm School"),
    }


async def test_who_imports_is_written_down(house: House) -> None:
    await house.acts()
    accepted = ok(await send(house.system, pack(SMALL)))
    [(_, attributes, act)] = await house.acts()
    assert (act["act"], act["outcome"], act["target"]) == ("import.start", "done", accepted["id"])
    assert (attributes["actor"], act["after"]) == ("client:cli", {"source": "oneroster", "dry_run": False})
    await send(house.system, b"no zip")
    [(_, _, act)] = await house.acts()
    assert (act["act"], act["outcome"], act["reason"]) == ("import.start", "refused", "invalid")


async def test_a_repeated_import_changes_and_publishes_nothing(house: House) -> None:
    await take(house, SMALL)
    versions = await fetch(house, "select id, version, profile_version from person order by id")
    await house.told()
    job = await take(house, SMALL)
    assert job["counts"]["people"]["unchanged"] == 2
    assert job["counts"]["organizations"]["unchanged"] == 3
    assert await house.told() == []
    assert await fetch(house, "select id, version, profile_version from person order by id") == versions


async def test_what_changed_is_told_and_nothing_else(house: House) -> None:
    await take(house, users("u1 teacher ann", "u2 teacher bo"))
    await house.told()
    await take(house, users("u1 principal ann", "u2 teacher bo T", "u3 aide cy"))
    facts = [(key, fact) for key, _, fact in await house.told() if key in (USER, PROFILE)]
    found = await people(house)
    told = {(key, fact["id"], fact["version"], fact["previous_version"]) for key, fact in facts}
    assert told == {
        (USER, str(found["u1"].id), 2, 1),
        (USER, str(found["u2"].id), 2, 1),
        (PROFILE, str(found["u2"].id), 2, 1),
        (USER, str(found["u3"].id), 1, 0),
        (PROFILE, str(found["u3"].id), 1, 0),
    }
    assert found["u1"].roles == ["observer", "reporter"]


async def test_a_killed_import_resumes_and_counts_nothing_twice(house: House, tmp_path: Path) -> None:
    made = generate_district(3_000, 1, tmp_path / "set.zip", date(2026, 9, 1), zipped=True)
    await house.told()
    accepted = await send(house.system, made.path.read_bytes())
    path = accepted.headers["Location"]
    kills = 0
    while (job := await house.system.get(path))["state"] != "done":
        done = job["progress"]["done"]
        working = asyncio.create_task(run_next_import(house.runtime))
        while not working.done() and (await house.system.get(path))["progress"]["done"] == done:
            await asyncio.sleep(0)
        kills += working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert kills > 1
    counts = job["counts"]
    assert counts["people"]["created"] == made.people
    assert counts["counted"]["student"] == made.students
    assert counts["organizations"]["created"] == made.organizations
    assert Counter(code for *_, code in await issues(house, job)) == dict(made.issues)
    facts = [(key, fact["id"]) for key, _, fact in await house.told() if key in (USER, PROFILE)]
    assert Counter(key for key, _ in facts) == {USER: made.people, PROFILE: made.people}
    assert len(set(facts)) == 2 * made.people


async def test_a_worker_stopped_while_it_claims_a_job_leaves_it_to_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def claim_and_stop(*args: Any, **named: Any) -> Any:
        claimed = await claim_job(*args, **named)
        working.cancel()
        return claimed

    accepted = await send(house.system, pack(SMALL))
    with monkeypatch.context() as patched:
        patched.setattr("usher_identity.importing.claims.claim_job", claim_and_stop)
        working = asyncio.create_task(run_next_import(house.runtime))
        await asyncio.gather(working, return_exceptions=True)
    assert working.cancelled()
    await run_next_import(house.runtime)
    assert (await house.system.get(accepted.headers["Location"]))["state"] == "done"


async def test_a_job_whose_worker_fell_silent_is_taken_up_and_the_silent_one_can_do_no_more(house: House) -> None:
    await send(house.system, pack(SMALL))
    async with next_claim(house.runtime) as first:
        assert first is not None
        assert await take_claim(house.runtime) is None
        house.runtime.clock.move_to(house.runtime.clock.now() + LEASE + timedelta(seconds=1))  # type: ignore[attr-defined]
        second = await take_claim(house.runtime)
        assert second is not None
        with pytest.raises(LeaseLost):
            async with first.transaction([]):
                pass


async def test_imports_of_one_source_run_one_after_the_other(house: House) -> None:
    await send(house.system, pack(users("u1 teacher ann")))
    await send(house.system, pack(users("u1 teacher ann", "u2 teacher bo")))
    await send(house.system, pack(users("h1 teacher cy")), source="hr")
    one, other, none = [await take_claim(house.runtime) for _ in range(3)]
    assert one is not None
    assert other is not None
    assert (one.job.source, other.job.source, none) == ("oneroster", "hr", None)


async def test_an_import_that_fails_again_and_again_is_given_up_and_holds_up_no_other(house: House) -> None:
    """By words that no request could have given: the mapping itself refuses them when the job begins."""
    accepted = await send(house.system, pack(SMALL))
    words = '{"roles": {"boss": ["system_admin"]}, "counted": {}}'
    await fetch(house, "update job set roles = :words returning 1", words=words)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(MappingError):
            await run_next_import(house.runtime)
    job = await house.system.get(accepted.headers["Location"])
    assert (job["state"], job["error"]["code"]) == ("failed", "internal_error")
    assert (await take(house, SMALL))["state"] == "done"


async def test_a_dry_run_counts_and_changes_nothing(house: House) -> None:
    await house.told()
    tenants = await house.runtime.database.all_tenants()
    job = await take(house, SMALL, dry_run="true")
    assert (job["dry_run"], job["state"]) == (True, "done")
    assert job["counts"]["organizations"]["created"] == 3
    assert job["counts"]["people"]["created"] == 2
    assert len(await issues(house, job)) == 1
    assert await house.told() == []
    assert await house.runtime.database.all_tenants() == tenants
    assert await people(house) == {}


async def test_people_made_by_hand_are_linked_by_user_name_in_any_case(house: House) -> None:
    tenant = house.organizations["district"]["id"]
    ann = await house.person("Ann.LEE", roles=["reporter"])
    job = await take(house, SMALL, tenant_id=tenant)
    assert job["counts"]["people"]["linked"] == 1
    assert job["counts"]["people"]["created"] == 1
    found = await people(house)
    assert str(found["u1"].id) == ann["id"]
    assert found["u1"].roles == ["learner", "observable", "reporter"]


async def test_an_administrators_acts_stand_against_the_same_file(house: House) -> None:
    tenant = house.organizations["district"]["id"]
    await take(house, users("u1 teacher ann", "u2 teacher bo", "u3 teacher cy"), tenant_id=tenant)
    found = await people(house)
    await house.system.set_roles({"id": found["u1"].id}, "observable")
    await house.system.patch(f"/v1/users/{found['u2'].id}", status="archived")
    await house.system.patch(f"/v1/users/{found['u3'].id}", org_id=house.organizations["north"]["id"])
    job = await take(house, users("u1 teacher ann", "u2 teacher bo", "u3 teacher cy"), tenant_id=tenant)
    assert job["counts"]["people"]["unchanged"] == 3
    after = await people(house)
    assert after["u1"].roles == ["observable"]
    assert after["u2"].status == "archived"
    assert after["u3"].org == "North School"


async def test_who_is_absent_from_a_full_set_is_archived(house: House) -> None:
    everybody = [f"u{number} teacher name{number}" for number in range(50)]
    await take(house, users(*everybody))
    job = await take(house, users(*everybody[:-10]))
    assert job["counts"]["people"]["archived"] == 10
    assert job["counts"]["people"]["unchanged"] == 40
    found = await people(house)
    assert Counter(row.status for row in found.values()) == {"active": 40, "archived": 10}
    job = await take(house, users(*everybody))
    assert job["counts"]["people"]["reactivated"] == 10


async def test_a_full_set_that_would_archive_too_many_archives_nobody_and_says_so(house: House) -> None:
    everybody = [f"u{number} teacher name{number}" for number in range(50)]
    await take(house, users(*everybody))
    await house.told()
    job = await take(house, users(*everybody[:-11], "u99 aide new"))
    assert job["state"] == "done"
    assert job["counts"]["people"]["archived"] == 0
    assert job["counts"]["people"]["held"] == 11
    assert job["counts"]["people"]["created"] == 1
    assert await issues(house, job) == [("users.csv", None, None, "mass_loss")]
    page = await house.system.get(f"/v1/jobs/{job['id']}/issues")
    assert "11 of the 51 people of 'Fir District'" in page["items"][0]["reason"]
    assert Counter(row.status for row in (await people(house)).values()) == {"active": 51}


async def test_a_delta_set_archives_those_marked_alone(house: House) -> None:
    await take(house, users(*[f"u{number} teacher name{number}" for number in range(20)]))
    changes = f"{HEADER}\n" + "\n".join(f"u{number},tobedeleted,,,,,name{number},,," for number in range(9))
    job = await take(house, delta({"orgs.csv": ORGS, "users.csv": f"{changes}\nu16,active,,true,S,aide,new,New,Lee,"}))
    assert job["mode"] == "delta"
    assert job["counts"]["people"]["archived"] == 9
    assert job["counts"]["people"]["changed"] == 1
    assert Counter(row.status for row in (await people(house)).values()) == {"active": 11, "archived": 9}


async def test_inside_a_tenant_a_second_root_is_its_rows_error(house: House) -> None:
    tenant = house.organizations["district"]["id"]
    two = "sourcedId,name,type,parentSourcedId\nA,Ada District,district,\nB,Bee District,district,\nS,Oak,school,A\n"
    job = await take(house, {**SMALL, "orgs.csv": two}, tenant_id=tenant)
    assert ("orgs.csv", 3, "B", "second_root") in await issues(house, job)
    assert job["tenant_id"] == tenant
    rows = await fetch(house, "select distinct tenant_id from organization_link")
    assert [str(row.tenant_id) for row in rows] == [tenant]


async def test_a_cycle_of_organizations_is_told_row_by_row_and_stops_nothing_else(house: House) -> None:
    turning = ORGS + "X,,,X,school,,Y\nY,,,Y,school,,X\n"
    job = await take(house, {**SMALL, "orgs.csv": turning})
    assert job["counts"]["organizations"] == {"created": 3, "changed": 0, "unchanged": 0, "not_taken": 2}
    assert job["counts"]["people"]["created"] == 2
    assert {code for *_, code in await issues(house, job)} == {"cycle", "unmapped_role"}


async def test_two_sources_share_people_and_keep_their_roles_apart(house: House) -> None:
    tenant = house.organizations["district"]["id"]
    await take(house, users("u1 teacher ann"), tenant_id=tenant)
    await take(house, users("h1 principal ann"), tenant_id=tenant, source="hr")
    assert (await people(house))["u1"].roles == ["learner", "observable", "observer", "reporter"]
    await take(house, delta(users("u1 student ann", "u2 teacher bo")), tenant_id=tenant)
    await take(house, users("u2 teacher bo"), tenant_id=tenant)
    found = await people(house)
    assert (found["u1"].status, found["u1"].roles) == ("active", ["observer", "reporter"])


async def test_a_sources_own_words_are_kept_for_its_next_imports(house: House) -> None:
    mapping = '{"roles": {"Wizard": ["observer"]}, "counted": {}}'
    job = await take(house, SMALL, mapping=mapping)
    assert job["counts"]["people"]["created"] == 3
    job = await take(house, SMALL)
    assert job["counts"]["people"]["unchanged"] == 3
    job = await take(house, SMALL, source="hr")
    assert job["counts"]["people"]["not_taken"] == 1


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"source": "manual"}, "/source"),
        ({"source": "Not A Name"}, "/body/source"),
        ({"mapping": '{"roles": {"boss": ["system_admin"]}}'}, "/mapping"),
        ({"mapping": "no json"}, "/mapping"),
        ({"mapping": '{"roles": []}'}, "/mapping"),
    ],
)
async def test_what_a_request_may_not_say(house: House, form: dict[str, str], pointer: str) -> None:
    refused = await send(house.system, pack(SMALL), **form)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert await fetch(house, "select id from job") == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no zip", "cannot be read"),
        (pack({"report.txt": "hello"}), "there is no orgs.csv"),
        (pack({"School.csv": "SIS ID,Name"}), "Microsoft SDS v1"),
        (pack({**SMALL, "../up.csv": ""}), "leads outside"),
    ],
)
async def test_a_file_that_is_no_set_is_refused_at_once(house: House, content: bytes, reason: str) -> None:
    refused = await send(house.system, content)
    assert refused.status_code == 422
    assert reason in refused.json()["detail"]
    assert refused.json()["errors"][0]["pointer"] == "/file"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"users.csv": USERS}, "missing_file"),
        ({"orgs.csv": ORGS, "users.csv": "%PDF-1.7"}, "not_csv"),
        ({"orgs.csv": ORGS, "users.csv": f"{HEADER}\n".encode() + b"\n" * (24 * 1024**2)}, "zip_bomb"),
    ],
)
async def test_a_set_that_cannot_be_read_ends_its_job_with_the_reason(house: House, files: Files, code: str) -> None:
    accepted = await send(house.system, pack(files))
    if accepted.status_code == 202:
        assert await run_next_import(house.runtime)
        job = await house.system.get(accepted.headers["Location"])
        assert (job["state"], job["error"]["code"]) == ("failed", code)
        assert job["finished_at"] is not None
    else:
        assert (accepted.status_code, code) == (422, "zip_bomb")
    assert await people(house) == {}
    assert (await take(house, SMALL))["state"] == "done", "and the next one runs"


async def test_what_was_uploaded_is_forgotten_when_the_job_is_over(house: House) -> None:
    await send(house.system, pack(SMALL))
    assert len(await fetch(house, "select number from upload_part")) == 1
    await run_next_import(house.runtime)
    assert await fetch(house, "select number from upload_part") == []


async def test_issues_are_paged_and_downloaded(house: House) -> None:
    rows = [f"u{number} wizard name{number}" for number in range(7)] + ["=u8 wizard evil"]
    job = await take(house, users(*rows))
    path = f"/v1/jobs/{job['id']}/issues"
    first = await house.system.get(path, limit=5)
    second = await house.system.get(path, limit=5, cursor=first["next_cursor"])
    assert [one["row_id"] for one in first["items"] + second["items"]] == [*[f"u{n}" for n in range(7)], "=u8"]
    assert second["next_cursor"] is None
    for response in (
        await house.system.ask("GET", path, headers={"Accept": "text/csv"}),
        await house.system.ask("GET", f"{path}.csv"),
    ):
        assert response.headers["content-type"].startswith("text/csv")
        lines = list(csv.DictReader(io.StringIO(response.text)))
        assert [line["line"] for line in lines] == [str(number) for number in range(2, 10)]
        assert lines[-1]["row_id"] == "'=u8", "no spreadsheet runs it"
        assert (lines[0]["severity"], lines[0]["column"], lines[0]["code"]) == ("error", "role", "unmapped_role")


async def test_what_an_old_import_reported_is_forgotten(house: House) -> None:
    old = await take(house, SMALL)
    house.pass_time(days=20)
    house.system = await house.client("cli", CLI_SECRET)
    recent = await take(house, SMALL)
    house.pass_time(days=11)
    assert not await forget_old_issues(house.runtime)
    assert [str(row.job_id) for row in await fetch(house, "select job_id from job_issue")] == [recent["id"]]
    assert {str(row.id) for row in await fetch(house, "select id from job")} == {old["id"], recent["id"]}


async def test_an_upload_sent_twice_with_one_key_is_one_job(house: House) -> None:
    first = await send(house.system, pack(SMALL), key="once")
    again = await send(house.system, pack(SMALL), key="once")
    assert ok(first)["id"] == ok(again)["id"]
    assert len((await house.system.get("/v1/imports"))["items"]) == 1


async def test_imports_are_listed_the_latest_first(house: House) -> None:
    jobs = [await take(house, SMALL) for _ in range(3)]
    first = await house.system.get("/v1/imports", limit=2)
    second = await house.system.get("/v1/imports", limit=2, cursor=first["next_cursor"])
    assert [job["id"] for job in first["items"] + second["items"]] == [job["id"] for job in reversed(jobs)]


async def test_a_tenants_administrator_imports_into_it_and_into_nothing_else(house: House) -> None:
    tenant = house.organizations["district"]["id"]
    admin = await house.as_person(await house.person("admin", "district", roles=["org_admin"]))
    unit_admin = await house.as_person(await house.person("unit", "north", roles=["org_admin"]))
    reporter = await house.as_person(await house.person("rep", "district", roles=["reporter"]))
    other = await house.system.post("/v1/organizations", name="Other District")
    content = pack(SMALL)
    assert (await send(admin, content)).status_code == 403
    assert (await send(admin, content, tenant_id=other["id"])).status_code == 404
    assert (await send(admin, content, tenant_id=house.organizations["north"]["id"])).status_code == 422
    assert (await send(reporter, content, tenant_id=tenant)).status_code == 403
    assert (await send(unit_admin, content, tenant_id=tenant)).status_code == 404
    job = await take(house, content, admin, tenant_id=tenant)
    assert job["state"] == "done"
    for caller, status in ((unit_admin, 404), (reporter, 403)):
        assert (await caller.ask("GET", f"/v1/jobs/{job['id']}")).status_code == status
        assert (await caller.ask("GET", f"/v1/jobs/{job['id']}/issues")).status_code == status
        assert (await caller.ask("GET", f"/v1/jobs/{job['id']}/issues.csv")).status_code == status
    operators = await take(house, content, source="hr")
    assert (await admin.ask("GET", f"/v1/jobs/{operators['id']}")).status_code == 404
    assert (await admin.ask("GET", f"/v1/jobs/{UUID(int=7)}")).status_code == 404
    assert (await house.http.post("/v1/imports", files={"file": content})).status_code == 401


SAMPLES = Path(os.environ.get("USHER_SAMPLE_DATA", "")) / "oneroster"
TAKEN = [
    ("edfi-lms-1.0", 1, 2, 2),
    ("edfi-lms-1.1", 1, 2, 2),
    ("gospelnerd-district-small", 1, 4, 20),
    ("gospelnerd-district-medium", 1, 9, 59),
    ("nicelion-outputs/outputs", 2, 2, 1),
    ("ms-sds/CSV Samples/SDS v2", 2, 5, 7),
    ("ms-sds/CSV Samples/SDS v2.1", 2, 4, 2),
]


@pytest.mark.skipif("USHER_SAMPLE_DATA" not in os.environ, reason="USHER_SAMPLE_DATA names no folder with sample sets")
@pytest.mark.parametrize(("folder", "roots", "organizations", "imported"), TAKEN, ids=[taken[0] for taken in TAKEN])
async def test_a_sample_set_is_imported_whole(
    house: House, folder: str, roots: int, organizations: int, imported: int
) -> None:
    files = {path.name: path.read_bytes() for path in (SAMPLES / folder).iterdir() if path.is_file()}
    before = len(await house.runtime.database.all_tenants())
    job = await take(house, files)
    assert (job["state"], job["issues"]) == ("done", 0)
    assert job["counts"]["organizations"]["created"] == organizations
    assert job["counts"]["people"]["created"] == imported
    assert len(await house.runtime.database.all_tenants()) == before + roots
    await house.told()
    again = await take(house, files)
    assert again["counts"]["people"]["unchanged"] == imported
    assert await house.told() == []
