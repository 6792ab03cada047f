"""Schedules: reports exported again and again, by the clock of the organization, for those who may read them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from usher_contracts.identity import OrganizationChanged
from usher_reporting.exporting.cron import check_cron, latest_until, next_after, zone_of
from usher_reporting.exporting.schedules import run_due

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, status_of
from .exporting import work, worker
from .story import ADA, BOB, CAL, DISTRICT, ELSEWHERE, LAB, NORTH, START, Reporting, day, person, seat, tell

PATH = "/v1/report-schedules"
MONDAYS = "0 6 * * 1"
NEW_YORK = zone_of("America/New_York")


def wanted(**changes: Any) -> dict[str, Any]:
    asked = {"report": "claims", "format": "csv", "org_id": str(LAB), "cron": MONDAYS, "recipients": [str(ADA)]}
    return {**asked, **changes}


@pytest.fixture
async def lab(district: Reporting) -> Reporting:
    """A lab in New York, with a seat."""
    north = {"tenant_id": DISTRICT, "kind": "school", "parent_id": NORTH, "time_zone": "America/New_York"}
    await district.hear(
        tell(OrganizationChanged(id=LAB, name="Lab", version=2, **north)),
        person(BOB, NORTH, role="reporter"),
        seat(BOB, org=LAB),
    )
    return district


async def added(get: Ask, *, who: UUID = LAB_REPORTER, **changes: Any) -> dict[str, Any]:
    answer = await get(PATH, who=who, post=wanted(**changes))
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    return dict(answer.json())


async def pass_time(lab: Reporting, at: datetime) -> None:
    """Move the clock, and let workers do what is due: two at once, each run once all the same."""
    lab.clock.move_to(at)
    await asyncio.gather(run_due(worker(lab)), run_due(worker(lab)))
    await work(lab)


async def told(lab: Reporting) -> list[dict[str, Any]]:
    rows = await lab.rows("select body from outbox where routing_key = 'reporting.export.ready.v1' order by id")
    return [json.loads(body) for (body,) in rows]


async def test_at_its_time_a_schedule_makes_the_export_and_tells_whom_it_is_for(lab: Reporting, get: Ask) -> None:
    schedule = await added(get, recipients=[str(ADA), str(BOB)])
    assert (schedule["time_zone"], schedule["next_at"]) == ("America/New_York", "2026-03-09T10:00:00Z")
    await pass_time(lab, datetime(2026, 3, 9, 9, 59, tzinfo=UTC))
    assert await told(lab) == []
    await pass_time(lab, datetime(2026, 3, 9, 10, 0, 5, tzinfo=UTC))
    [ready] = await told(lab)
    export = await get(f"/v1/exports/{ready['id']}", who=BOB)
    assert (ready["recipients"], ready["rows"], ready["org_id"]) == ([str(ADA), str(BOB)], 1, str(LAB))
    assert (export["schedule_id"], export["actor"]) == (schedule["id"], f"user:{LAB_REPORTER}")
    for who, status in ((LAB_REPORTER, 200), (BOB, 200), (ADA, 200), (LEARNER, 403)):
        assert (await get(f"/v1/exports/{ready['id']}/file", who=who, raw=True)).status_code == status
    assert [one["id"] for one in (await get("/v1/exports", who=BOB))["items"]] == [ready["id"]]
    assert status_of(await get(f"/v1/exports/{ready['id']}", who=BOB, verb="DELETE")) == 404
    ran = await get(f"{PATH}/{schedule['id']}")
    assert (ran["last_at"], ran["next_at"]) == ("2026-03-09T10:00:00Z", "2026-03-16T10:00:00Z")
    assert ran["last_export_id"] == ready["id"]


async def test_of_runs_that_were_missed_the_latest_is_made_up_for(lab: Reporting, get: Ask) -> None:
    schedule = await added(get)
    await pass_time(lab, datetime(2026, 3, 24, 12, tzinfo=UTC))
    assert len(await told(lab)) == 1
    ran = await get(f"{PATH}/{schedule['id']}")
    assert (ran["last_at"], ran["next_at"]) == ("2026-03-23T10:00:00Z", "2026-03-30T10:00:00Z")


async def test_who_may_not_read_the_report_any_more_gets_nothing(lab: Reporting, get: Ask) -> None:
    await added(get, recipients=[str(ADA), str(BOB)])
    await lab.hear(person(BOB, NORTH, role="learner", version=2))
    await pass_time(lab, day(7))
    [ready] = await told(lab)
    assert ready["recipients"] == [str(ADA)]
    assert status_of(await get(f"/v1/exports/{ready['id']}", who=BOB)) == 403
    await lab.hear(person(LAB_REPORTER, LAB, version=2))
    await pass_time(lab, day(14))
    assert len(await told(lab)) == 1, "whose authority it has may not read it"
    [latest, *_] = (await get("/v1/exports", who=OPERATOR))["items"]
    assert (latest["state"], latest["error"]["code"]) == ("failed", "forbidden")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"cron": "at six"}, "/cron"),
    ({"cron": "0 0 30 2 *"}, "/cron"),
    ({"cron": "*/30 * * * *"}, "/cron"),
    ({"recipients": [str(ADA), str(LEARNER)]}, "/recipients/1"),
    ({"recipients": [str(CAL)]}, "/recipients/0"),
    ({"report": "salaries"}, "/report"),
    ({"filters": {"kind": "lost"}}, "/filters/kind"),
]


async def test_what_a_schedule_could_never_do_is_refused_with_its_place(lab: Reporting, get: Ask) -> None:
    for changes, pointer in WRONG:
        answer = await get(PATH, who=LAB_REPORTER, post=wanted(**changes))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert status_of(await get(PATH, who=LEARNER, post=wanted())) == 403
    assert status_of(await get(PATH, who=LAB_REPORTER, post=wanted(org_id=str(ELSEWHERE)))) == 404
    assert (await get(PATH))["items"] == []


async def test_a_schedule_is_changed_and_ended_by_its_owner_or_an_administrator(lab: Reporting, get: Ask) -> None:
    schedule = await added(get)
    place, change = f"{PATH}/{schedule['id']}", {"cron": "0 6 * * 2"}
    for who, headers, status in (
        (BOB, {}, 403),
        (LEARNER, {}, 403),
        (ADA, {"If-Match": '"7"'}, 412),
        (ADA, {"If-Match": '"1"'}, 200),
    ):
        answer = await get(place, who=who, post=change, verb="PATCH", headers=headers, raw=True)
        assert answer.status_code == status
    assert (await get(place))["next_at"] == "2026-03-03T11:00:00Z"
    assert [one["id"] for one in (await get(PATH, who=BOB))["items"]] == [schedule["id"]]
    assert status_of(await get(place, who=BOB, verb="DELETE")) == 403
    assert status_of(await get(place, who=LAB_REPORTER, verb="DELETE")) == 204
    await pass_time(lab, day(9))
    assert await told(lab) == []


def test_cron_goes_by_the_clock_on_the_wall() -> None:
    """The sixth hour of New York is the eleventh of UTC until March 8, and the tenth from then on."""
    six = "0 6 * * *"
    assert check_cron(six, NEW_YORK, START) == datetime(2026, 3, 3, 11, tzinfo=UTC)
    before, after = datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert next_after(six, NEW_YORK, before) == datetime(2026, 3, 8, 10, tzinfo=UTC)
    assert latest_until(six, NEW_YORK, after, before) == datetime(2026, 3, 8, 10, tzinfo=UTC)
    at_once = datetime(2026, 3, 8, 10, tzinfo=UTC)
    assert latest_until(six, NEW_YORK, at_once, before) == at_once
    assert latest_until(six, NEW_YORK, at_once + timedelta(minutes=1), at_once) == at_once
