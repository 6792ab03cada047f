"""Calendars over HTTP and from imports: who may set one, what is inherited, and that sources undo nobody's entry."""

from typing import Any

import pytest

from .story import Caller, House, ok
from .test_imports import SMALL, issues, take

CALENDAR = "identity.calendar.changed.v1"
WINTER = {"name": "Winter", "first": "2026-12-21", "last": "2027-01-03"}
SESSIONS = """sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear
Y,,,Year,schoolYear,2026-08-15,2027-06-10,,2027
F,,,Fall,semester,2026-08-15,2026-12-18,Y,2027
S,,,Spring,semester,2027-01-04,2027-06-10,Y,2027
"""
WITH_SESSIONS = {**SMALL, "academicSessions.csv": SESSIONS}
FROM_SESSIONS = [("2026-12-19", "2027-01-03"), ("2027-06-11", "2027-09-02")]


def address(house: House, name: str) -> str:
    return f"/v1/organizations/{house.organizations[name]['id']}/calendar"


async def put(caller: Caller, path: str, *breaks: Any, **headers: str) -> Any:
    return ok(await caller.ask("PUT", path, json={"breaks": list(breaks)}, headers=headers))


async def told(house: House) -> list[tuple[bool, list[tuple[str, str]], int]]:
    """Facts on calendars: whether one is set, the days of its breaks, and its version."""
    facts = [fact for key, _, fact in await house.told() if key == CALENDAR]
    return [
        (fact["is_set"], [(one["first"], one["last"]) for one in fact["breaks"]], fact["version"]) for fact in facts
    ]


async def test_a_calendar_is_inherited_until_a_unit_has_its_own(house: House) -> None:
    north = await house.as_person(await house.person("nora", "north", roles=["org_admin"]))
    assert (await house.system.get(address(house, "north")))["set_at"] is None
    await put(house.system, address(house, "district"), WINTER)
    inherited = await north.get(address(house, "north"))
    assert (inherited["breaks"], inherited["set_at"]) == ([WINTER], house.organizations["district"]["id"])
    assert (await put(north, address(house, "north")))["breaks"] == []
    again = ok(await north.ask("PUT", address(house, "north"), json={"breaks": None}))
    assert (again["breaks"], again["set_by"]) == ([WINTER], "administrator")
    assert await told(house) == [
        (True, [("2026-12-21", "2027-01-03")], 1),
        (True, [], 1),
        (False, [], 2),
    ]


async def test_entering_the_same_again_tells_and_writes_down_nothing(house: House) -> None:
    await put(house.system, address(house, "district"), WINTER)
    await house.facts()
    await put(house.system, address(house, "district"), WINTER)
    assert await house.facts() == []


async def test_an_entry_is_guarded_and_written_down(house: House) -> None:
    path = address(house, "district")
    tag = (await house.system.ask("GET", path)).headers["ETag"]
    await house.facts()
    first = await house.system.ask("PUT", path, json={"breaks": [WINTER]}, headers={"If-Match": tag})
    assert first.status_code == 200
    late = await house.system.ask("PUT", path, json={"breaks": []}, headers={"If-Match": tag})
    assert late.status_code == 412
    acts = [(fact["act"], fact["outcome"], fact["after"]) for *_, fact in await house.acts()]
    district = house.organizations["district"]["id"]
    after = {"breaks": ["2026-12-21/2027-01-03"], "set_at": district, "set_by": "administrator"}
    assert acts == [("calendar.set", "done", after), ("calendar.set", "refused", None)]


@pytest.mark.parametrize(
    ("roles", "org", "status"), [(["org_admin"], "south", 404), (["reporter"], "north", 403), ([], "north", 403)]
)
async def test_who_may_enter_a_calendar(house: House, roles: list[str], org: str, status: int) -> None:
    caller = await house.as_person(await house.person("nora", "north", roles=roles))
    assert (await caller.ask("PUT", address(house, org), json={"breaks": []})).status_code == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": "2027-01-04"},
        {"first": "2025-01-03"},
        {"first": "1999-01-01", "last": "1999-01-02"},
        {"first": "soon"},
        {"name": " "},
    ],
)
async def test_a_break_that_is_none_is_refused(house: House, wrong: dict[str, str]) -> None:
    body = {"breaks": [{**WINTER, **wrong}]}
    assert (await house.system.ask("PUT", address(house, "north"), json=body)).status_code == 422


async def root_of(house: House) -> str:
    [root] = (await house.system.get("/v1/organizations", q="fir district"))["items"]
    return f"/v1/organizations/{root['id']}/calendar"


async def test_a_set_gives_its_tenant_a_calendar(house: House) -> None:
    job = await take(house, WITH_SESSIONS)
    assert await told(house) == [(True, FROM_SESSIONS, 1)]
    shown = await house.system.get(await root_of(house))
    assert (shown["set_by"], shown["breaks"][0]["name"]) == ("source", "After Fall")
    assert [one for one in await issues(house, job) if one[0] == "academicSessions.csv"] == []
    await take(house, WITH_SESSIONS)
    assert await told(house) == []


async def test_a_dry_run_and_a_set_without_sessions_change_no_calendar(house: House) -> None:
    await take(house, WITH_SESSIONS)
    await house.facts()
    await take(house, SMALL)
    await take(house, {**SMALL, "academicSessions.csv": SESSIONS.replace("2027-01-04", "2027-01-11")}, dry_run="true")
    assert await told(house) == []


async def test_a_set_undoes_nothing_that_was_entered(house: House) -> None:
    await take(house, WITH_SESSIONS)
    path = await root_of(house)
    await put(house.system, path, WINTER)
    await house.facts()
    await take(house, {**SMALL, "academicSessions.csv": SESSIONS.replace("2027-01-04", "2027-01-11")})
    assert await told(house) == []
    assert (await house.system.get(path))["breaks"] == [WINTER]
    await house.system.ask("PUT", path, json={"breaks": None})
    assert await told(house) == [(True, [("2026-12-19", "2027-01-10"), FROM_SESSIONS[1]], 3)]


async def test_what_two_sources_teach_is_no_break(house: House) -> None:
    await take(house, WITH_SESSIONS)
    path = await root_of(house)
    await house.facts()
    south = "sourcedId,title,type,startDate,endDate\nX,South,term,2026-12-01,2027-01-08\n"
    tenant = path.split("/")[3]
    await take(house, {**SMALL, "academicSessions.csv": south}, source="other", tenant_id=tenant)
    assert await told(house) == [(True, FROM_SESSIONS[1:], 2)]


@pytest.mark.parametrize(
    ("story", "file", "found", "told_days"),
    [
        ("a day that is none", SESSIONS.replace("2026-12-18", "12/18/2026"), [(3, "F", "unreadable_date")], 1),
        ("days in the wrong order", SESSIONS.replace("2026-12-18", "2026-08-01"), [(3, "F", "reversed_days")], 1),
        ("no ids", "title,startDate\nFall,2026-08-15\n", [(None, None, "not_csv")], 0),
        ("no file worth the name", " ", [(None, None, "empty_file")], 0),
        ("a time behind the day", SESSIONS.replace("2026-12-18", "2026-12-18T00:00:00Z"), [], 1),
    ],
)
async def test_sessions_that_cannot_be_read_stop_no_people(
    house: House, story: str, file: str, found: list[Any], told_days: int
) -> None:
    job = await take(house, {**SMALL, "academicSessions.csv": file})
    assert (job["state"], job["counts"]["people"]["created"]) == ("done", 2), story
    about = [one for one in await issues(house, job) if one[0] == "academicSessions.csv"]
    assert [one[1:] for one in about] == found, story
    assert len(await told(house)) == told_days, story
