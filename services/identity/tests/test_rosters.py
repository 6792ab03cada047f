"""Rosters over OneRoster's REST: from a service's pages to people, roles and facts, by the road of all imports."""

import csv
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from usher_identity.importing.rosters import reading, service
from usher_identity.importing.rosters.reading import read_next_roster
from usher_identity.importing.rosters.schedule import start_due_rosters
from usher_identity.importing.rosters.service import RosterService
from usher_identity.importing.running import run_next_import
from usher_identity.settings import IdentitySettings
from usher_kit.leases import LEASE
from usher_kit.outbound.addresses import Allowed
from usher_kit.outbound.fetching import Outbound
from usher_kit.runtime import Runtime

from .roster_provider import CLIENT_ID, SECRET, District, Row, serving
from .story import CLI_SECRET, House

ORGS: list[Row] = [
    {"sourcedId": "D", "status": "active", "name": "Fir District", "type": "district"},
    {"sourcedId": "S", "status": "active", "name": "Oak School", "type": "school", "parent": {"sourcedId": "D"}},
]
SESSIONS: list[Row] = [
    {"sourcedId": "f", "status": "active", "title": "Fall", "startDate": "2026-08-15", "endDate": "2026-12-18"},
    {"sourcedId": "s", "status": "active", "title": "Spring", "startDate": "2027-01-04", "endDate": "2027-06-04"},
]
MONDAY, TUESDAY = "2026-08-31T08:00:00.000Z", "2026-09-01T07:00:00.000Z"


def user(number: int, role: str = "teacher", at: str = MONDAY, **told: Any) -> Row:
    roles = [{"roleType": "primary", "role": role, "org": {"sourcedId": "S"}}] if role else []
    named = {"username": f"u{number}", "givenName": "Ann", "familyName": f"Lee {number}"}
    changing = {"sourcedId": f"u{number}", "status": "active", "dateLastModified": at, "enabledUser": True}
    return {**changing, **named, "primaryOrg": {"sourcedId": "S"}, "roles": roles, **told}


@pytest.fixture
def district() -> Iterator[District]:
    with serving(District()) as one:
        one.rows = {"orgs": ORGS, "academicSessions": SESSIONS, "users": [user(n) for n in range(25)]}
        yield one


@pytest.fixture
def settings(settings: IdentitySettings) -> IdentitySettings:
    return settings.model_copy(update={"key_secret": type(settings.key_secret)("what seals secrets at rest")})


@pytest.fixture
async def runtime(runtime: Runtime, district: District) -> AsyncIterator[Runtime]:
    outbound = Outbound(Allowed.read(urlsplit(district.url).netloc))
    yield replace(runtime, outbound=outbound)
    await outbound.aclose()


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LIMIT", 10)


async def connect(house: House, district: District, **more: Any) -> Any:
    told = {"url": district.url, "client_id": CLIENT_ID, "client_secret": SECRET, **more}
    org_id = house.organizations["district"]["id"]
    return await house.system.post("/v1/upstreams", name="sis", kind="oneroster", org_id=org_id, oneroster=told)


async def sync(house: House, upstream: Any, **asked: bool) -> Any:
    """Ask for a reading, do it, and return its job."""
    job = await house.system.post(f"/v1/upstreams/{upstream['id']}:sync", **asked)
    return await done(house, job["id"])


async def wait(house: House, **time: float) -> None:
    house.pass_time(**time)
    house.system = await house.client("cli", CLI_SECRET)


async def done(house: House, job_id: str) -> Any:
    assert await read_next_roster(house.runtime)
    await run_next_import(house.runtime)
    return await house.system.get(f"/v1/jobs/{job_id}")


async def people(house: House) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Status and roles of whom the roster knows."""
    database = house.runtime.database
    async with database.transaction(await database.all_tenants()) as conn:
        rows = await conn.execute(
            text(
                "select l.external_id, p.status, p.roles from person_link l join person p on p.id = l.person_id "
                "where l.source = 'sis'"
            )
        )
        return {row.external_id: (row.status, tuple(sorted(row.roles))) for row in rows}


TEACHES = ("active", ("learner", "observable"))


async def test_a_roster_becomes_people_roles_and_facts(house: House, district: District) -> None:
    upstream = await connect(house, district)
    assert "secret" not in str(upstream)
    await house.told()
    job = await sync(house, upstream)
    assert (job["state"], job["dialect"], job["mode"], job["issues"]) == ("done", "OneRoster 1.2", "bulk", 0)
    assert job["counts"]["people"]["created"] == 25
    assert set(await people(house)) == {f"u{n}" for n in range(25)}
    told = await house.told()
    facts = [body for key, _, body in told if key == "identity.user.changed.v1"]
    assert len(facts) == 25
    assert all({one["role"] for one in fact["roles"]} == {"learner", "observable"} for fact in facts)
    assert district.asks()["users"] == 3
    assert any(key.startswith("identity.calendar") for key, _, _ in told)


async def test_pages_are_turned_as_the_service_has_them(house: House, district: District) -> None:
    upstream = await connect(house, district)
    for by_link, page_rows in ((False, 4), (True, 4), (True, 1_000)):
        district.by_link, district.page_rows = by_link, page_rows
        job = await sync(house, upstream, full=True)
        assert (job["state"], sum(job["counts"]["people"].values()), job["issues"]) == ("done", 25, 0)


async def test_the_next_reading_asks_for_what_changed_and_a_whole_one_misses_who_is_gone(
    house: House, district: District
) -> None:
    upstream = await connect(house, district)
    await sync(house, upstream)
    users = district.rows["users"]
    users[0] = user(0, "principal", TUESDAY)
    users[1] = user(1, at=TUESDAY, status="tobedeleted")
    del users[2]
    await wait(house, minutes=61)
    job = await sync(house, upstream)
    assert (job["mode"], district.filters()[-1]) == ("delta", "dateLastModified>='2026-08-31T07:55:00.000Z'")
    found = await people(house)
    assert found["u0"][1] == ("observer", "reporter")
    assert [found[one][0] for one in ("u1", "u2")] == ["archived", "active"]
    job = await sync(house, upstream, full=True)
    assert (job["mode"], district.filters()[-1]) == ("bulk", None)
    assert (await people(house))["u2"][0] == "archived"
    await sync(house, upstream)
    assert district.filters()[-1] == "dateLastModified>='2026-09-01T06:55:00.000Z'"
    changes = [key for key, _, _ in await house.told() if key == "identity.user.changed.v1"]
    assert len(changes) == 25 + 3, "what is said again changes nothing"


async def test_a_roster_is_read_when_it_is_due_and_whole_once_a_day(house: House, district: District) -> None:
    await connect(house, district, every_minutes=60, full_hours=24)
    modes = []
    for hours in (0, 1, 25):
        await wait(house, hours=hours)
        assert await start_due_rosters(house.runtime)
        assert not await start_due_rosters(house.runtime), "one reading at a time"
        assert await read_next_roster(house.runtime)
        assert await run_next_import(house.runtime)
        modes.append(await latest_mode(house))
    assert modes == ["bulk", "delta", "bulk"]


async def latest_mode(house: House) -> str:
    database = house.runtime.database
    async with database.transaction(await database.all_tenants()) as conn:
        return str(await conn.scalar(text("select mode from job order by created_at desc limit 1")))


async def test_an_emptied_roster_takes_nothing_from_anybody(house: House, district: District) -> None:
    upstream = await connect(house, district)
    await sync(house, upstream)
    district.rows["users"] = [user(0)]
    job = await sync(house, upstream, full=True)
    assert job["counts"]["people"]["held"] == 24
    assert {status for status, _ in (await people(house)).values()} == {"active"}


async def test_a_reading_that_is_killed_goes_on_at_its_page(
    house: House, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = await connect(house, district)
    job = await house.system.post(f"/v1/upstreams/{upstream['id']}:sync")
    page, count = RosterService.page, 0

    async def killed(self: RosterService, *told: Any) -> Any:
        nonlocal count
        count += 1
        if count == 5:
            raise KeyboardInterrupt
        return await page(self, *told)

    with monkeypatch.context() as patched:
        patched.setattr(RosterService, "page", killed)
        with pytest.raises(KeyboardInterrupt):
            await read_next_roster(house.runtime)
    before = district.asks()
    assert before == {"academicSessions": 1, "orgs": 1, "users": 2}
    assert not await read_next_roster(house.runtime), "its lease holds"
    await wait(house, seconds=LEASE.total_seconds() + 1)
    job = await done(house, job["id"])
    assert (job["state"], job["counts"]["people"]["created"], job["issues"]) == ("done", 25, 0)
    assert district.asks() - before == {"users": 1}


async def test_a_service_in_a_bad_moment_is_asked_again(
    house: House, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "FIRST_WAIT_SECONDS", 0.001)
    upstream = await connect(house, district)
    district.mischief["users"] = ["busy", "garbage", "huge", "another token", "no filter"]
    job = await sync(house, upstream)
    assert (job["state"], job["counts"]["people"]["created"], job["issues"]) == ("done", 25, 0)
    assert district.mischief["users"] == []


async def test_a_service_that_knows_no_filter_is_read_whole(house: House, district: District) -> None:
    upstream = await connect(house, district)
    await sync(house, upstream)
    district.mischief["users"] = ["always no filter"]
    district.rows["users"].pop()
    job = await sync(house, upstream)
    assert (job["state"], job["mode"], job["counts"]["people"]["archived"]) == ("done", "bulk", 1)


async def test_a_service_that_asks_for_an_hour_gets_it(house: House, district: District) -> None:
    upstream = await connect(house, district)
    district.mischief["users"] = ["busy for an hour"]
    job = await sync(house, upstream)
    assert (job["state"], job["progress"]["phase"]) == ("running", "reading")
    assert not await read_next_roster(house.runtime)
    await wait(house, seconds=3_601)
    assert (await done(house, job["id"]))["counts"]["people"]["created"] == 25


async def test_a_service_that_cannot_be_read_is_told_of_and_nobody_is_taken(
    house: House, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "FIRST_WAIT_SECONDS", 0.001)
    upstream = await connect(house, district)
    for mischief, code, said in (
        ("always broken", "roster_unreachable", "no answer of OneRoster's for users"),
        ("always forbidden", "roster_rejected", "status 403 (not yours)"),
        ("elsewhere", "leads_elsewhere", "another host"),
    ):
        district.mischief["users"] = [mischief]
        job = await sync(house, upstream)
        assert (job["state"], job["error"]["code"]) == ("failed", code)
        assert said in job["error"]["detail"]
    assert await people(house) == {}


async def test_addresses_inside_and_wrong_secrets_are_refused(house: House, district: District) -> None:
    upstream = await connect(house, district, client_secret="another")
    assert (await sync(house, upstream))["error"]["code"] == "no_token"
    await house.system.ask("DELETE", f"/v1/upstreams/{upstream['id']}")
    upstream = await connect(house, district, token_url="http://169.254.169.254/token")
    assert (await sync(house, upstream))["error"]["code"] == "address_refused"


async def test_only_a_tenants_root_has_a_roster_and_only_rosters_are_read(house: House, district: District) -> None:
    told = {"url": district.url, "client_id": CLIENT_ID, "client_secret": SECRET}
    body = {"name": "sis", "kind": "oneroster", "org_id": house.organizations["north"]["id"], "oneroster": told}
    assert (await house.system.ask("POST", "/v1/upstreams", json=body)).status_code == 422
    sends = await house.system.post("/v1/upstreams", name="hr", org_id=house.organizations["district"]["id"])
    assert (await house.system.ask("POST", f"/v1/upstreams/{sends['id']}:sync", json={})).status_code == 409


async def test_bad_items_are_told_of_and_cost_nobody_else(house: House, district: District) -> None:
    bad: list[Any] = [None, {"sourcedId": 5}, user(2, ""), user(3, "wizard"), user(4, username=["x"])]
    district.rows["users"][:5] = bad
    district.rows["enrollments"] = [{"sourcedId": "e", "user": {"sourcedId": "u2"}, "role": "teacher"}]
    job = await sync(house, await connect(house, district))
    found = await people(house)
    assert found["u2"] == TEACHES
    assert set(found) == {"u2", *(f"u{n}" for n in range(5, 25))}
    issues = (await house.system.get(f"/v1/jobs/{job['id']}/issues"))["items"]
    assert {(one["file"], one["line"]) for one in issues} == {("users.csv", line) for line in (2, 3, 5, 6)}


SAMPLES = Path(os.environ.get("USHER_SAMPLE_DATA", "")) / "oneroster"


@pytest.mark.skipif("USHER_SAMPLE_DATA" not in os.environ, reason="USHER_SAMPLE_DATA names no folder with sample sets")
async def test_a_district_that_others_made_comes_over_rest_as_it_does_by_file(
    house: House, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LIMIT", 100)
    folder = SAMPLES / "gospelnerd-district-small"
    district.rows = {name: as_items(folder / f"{name}.csv") for name in ("orgs", "users", "academicSessions")}
    job = await sync(house, await connect(house, district))
    assert (job["counts"]["people"]["created"], job["counts"]["counted"]["student"], job["issues"]) == (20, 248, 0)


def as_items(file: Path) -> list[Row]:
    """Rows as a service of 1.1 gives them."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [
        {
            **row,
            "parent": {"sourcedId": row.get("parentSourcedId")},
            "orgs": [{"sourcedId": one} for one in (row.get("orgSourcedIds") or "").split(",")],
        }
        for row in rows
    ]
