"""History: what was answered once is answered again, whatever happened since (decision 26)."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, get_args
from urllib.parse import parse_qs
from uuid import UUID

import pytest

from usher_contracts.entitlements import SeatState
from usher_contracts.envelope import Event
from usher_contracts.usage import Activity
from usher_reporting.domain.compliance import Thresholds
from usher_reporting.store.timeline import lock_tenants
from usher_reporting.use_cases.compliance import judge_compliance
from usher_reporting.use_cases.thinning import thin_usage

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages, status_of
from .story import (
    ANN,
    BOB,
    CAL,
    DISTRICT,
    LAB,
    NORTH,
    SOUTH,
    START,
    TENANTS,
    Reporting,
    activity,
    day,
    organization,
    person,
    pool,
    product,
    profile,
    seat,
    term,
)
from .test_usage import came

PEOPLE = [ANN, BOB, CAL]
UNITS = [DISTRICT, NORTH, SOUTH, LAB]
LISTS = (
    "/v1/claims",
    "/v1/claims/patterns",
    "/v1/assignments",
    "/v1/compliance",
    "/v1/renewals",
    "/v1/dashboard/organizations",
    "/v1/usage/organizations",
)
TERM = UUID(int=77)


def life(rng: random.Random) -> list[Event[Any]]:
    """Everything that changes in a district's reports, each entity's versions in their order."""
    events: list[Event[Any]] = [product("learn", "Learning")]
    for version in range(1, 6):
        events.append(pool(DISTRICT, rng.randint(1, 20), version=version))
        events.append(pool(NORTH, rng.randint(1, 9), product="observe", version=version))
        events.append(term(ends=day(rng.randint(10, 80)), version=version, id_=TERM))
        events.append(organization(LAB, rng.choice([NORTH, SOUTH]), name=f"Lab {version}", version=version + 1))
        events.append(came(rng.choice(UNITS), rng.randint(1, 50), version=version))
        for user in PEOPLE:
            events.append(person(user, rng.choice(UNITS), version=version))
            for name in ("learn", "observe"):
                state: SeatState = rng.choice(["assigned", "waitlisted", "released", "suspended"])
                events.append(seat(user, state, product=name, org=rng.choice(UNITS), version=version))
                events.append(activity(user, rng.choice(get_args(Activity)), product=name, version=version))
    rng.shuffle(events)
    return events


async def all_reports(get: Ask, **query: Any) -> dict[str, Any]:
    """Every report of the district and of a school, as they are shown."""
    found = {path: await all_pages(get, path, limit=7, **query) for path in LISTS}
    for org in (DISTRICT, NORTH, LAB):
        for path in ("/v1/dashboard", "/v1/usage"):
            found[f"{path} {org.int}"] = await get(path, org_id=org, **query)
        for path in ("/v1/assignments?state=assigned", "/v1/claims/patterns?group_by=organization&group_by=reason"):
            where, _, how = path.partition("?")
            found[f"{path} {org.int}"] = await all_pages(get, where, org_id=org, **parse_qs(how), **query)
    return found


def said(reports: dict[str, Any]) -> dict[str, Any]:
    """Reports without how late facts came lately, which is not asked of the past."""
    return {
        path: {**report, "delay_ms": None} if isinstance(report, dict) else report for path, report in reports.items()
    }


@pytest.mark.parametrize("seed", range(2))
async def test_every_report_of_a_past_moment_is_what_was_answered_then(
    district: Reporting, get: Ask, seed: int
) -> None:
    """But for people's names, which are kept as they are now, so that whoever is erased is erased from the past."""
    rng = random.Random(seed)
    await district.hear(*(profile(user, f"Person {user.int}") for user in PEOPLE))
    told = life(rng)
    answers: list[tuple[str, dict[str, Any]]] = []
    while told:
        cut = rng.randint(1, 25)
        district.clock.at += timedelta(minutes=rng.randint(0, 50))
        await district.hear(*told[:cut])
        told = told[cut:]
        async with district.database.transaction_of_all() as conn:
            await judge_compliance(conn, district.clock.now(), Thresholds())
        as_of = (await get("/v1/dashboard"))["as_of"]
        answers.append((as_of, said(await all_reports(get))))
    assert len({repr(answer) for _, answer in answers}) > 5
    district.clock.at += timedelta(days=40)
    for as_of, answer in answers:
        again = said(await all_reports(get, at=as_of))
        assert again == {path: renamed(report, as_of) for path, report in answer.items()}
        history = await get("/v1/history", at=as_of)
        assert history.pop("watermark") >= as_of
        assert history == again["/v1/dashboard 1"]


def renamed(report: Any, as_of: str) -> Any:
    """A report that was asked for a little later, when nothing had changed, as one of the first's moment."""
    return {**report, "as_of": as_of} if isinstance(report, dict) else report


async def test_an_answer_in_the_midst_of_changes_is_of_the_moment_that_it_names(district: Reporting, get: Ask) -> None:
    told = life(random.Random(11))
    parts = [told[start : start + 3] for start in range(0, len(told), 3)]
    answers: list[dict[str, Any]] = []

    async def work(own: Sequence[Sequence[Event[Any]]]) -> None:
        for part in own:
            await district.hear(*part)

    async def watch() -> None:
        while not working.done():
            answers.append(await get("/v1/dashboard"))

    working = asyncio.gather(work(parts[::2]), work(parts[1::2]))
    await asyncio.gather(working, watch())
    assert len({answer["as_of"] for answer in answers}) > 5
    for answer in answers:
        again = await get("/v1/dashboard", at=answer["as_of"])
        assert {**again, "delay_ms": None} == {**answer, "delay_ms": None}


async def test_who_asks_of_this_very_moment_waits_for_what_is_being_written(district: Reporting, get: Ask) -> None:
    await district.hear(pool(), seat(ANN))
    district.clock.at = day(1)
    async with district.database.transaction([DISTRICT]) as conn:
        await lock_tenants(conn, day(0.5))
        await conn.exec_driver_sql("update headcount set assigned = 7 where product = 'learn'")
        asked = asyncio.ensure_future(get("/v1/history", at=day(1)))
        live = await get("/v1/dashboard")
        assert learn(live)["assigned"] == 1
        done, _ = await asyncio.wait([asked], timeout=0.2)
        assert not done
    assert learn(await asked)["assigned"] == 7
    assert learn(await get("/v1/history", at=live["as_of"]))["assigned"] == 1


async def test_before_anything_was_known_there_was_nothing(district: Reporting, get: Ask) -> None:
    await district.hear(pool(), seat(ANN))
    found = await get("/v1/history", at=START - timedelta(days=1))
    assert [(one["assigned"], one["total_licensed"]) for one in found["products"]] == [(0, 0)] * 3
    assert await all_pages(get, "/v1/claims", at=START - timedelta(days=1)) == []


async def test_a_moment_that_has_not_come_is_refused(district: Reporting, get: Ask) -> None:
    await district.hear(pool(), seat(ANN))
    for path in ("/v1/history", *LISTS, "/v1/dashboard", "/v1/usage"):
        answer = await get(path, at=day(1))
        assert (status_of(answer), answer.json()["errors"][0]["pointer"]) == (422, "/at"), path
    assert status_of(await get("/v1/history", at="2026-03-02T12:00:00")) == 422


async def test_the_past_is_shown_to_who_may_see_the_present(district: Reporting, get: Ask) -> None:
    await district.hear(pool(), seat(ANN))
    district.clock.at = day(2)
    await district.hear(person(LAB_REPORTER, LAB, version=2))
    at = district.clock.now()
    assert status_of(await get("/v1/history", who=LEARNER, at=day(1))) == 403
    assert status_of(await get("/v1/history", who=LAB_REPORTER, at=day(1))) == 403
    assert status_of(await get("/v1/history", who=OPERATOR, at=at)) == 200


async def test_of_usage_long_past_a_state_a_day_is_kept(district: Reporting, get: Ask) -> None:
    for version, hour in enumerate((1, 5, 30), start=1):
        district.clock.at = START + timedelta(hours=hour)
        await district.hear(came(NORTH, version, version=version))
    asked = {"org_id": NORTH, "since": START.date(), "until": START.date()}
    moments = [START + timedelta(hours=hour) for hour in (2, 6, 31)]

    async def shown() -> list[list[int]]:
        answers = [await get("/v1/usage", at=moment, **asked) for moment in moments]
        return [[item["active_people"] for item in answer["items"]] for answer in answers]

    for late, left in ((80, [[1], [2], [3]]), (100, [[], [2], [3]])):
        district.clock.at = day(late)
        async with district.database.transaction_of_all() as conn:
            await thin_usage(conn, day(late))
        assert await shown() == left


async def test_the_past_has_the_columns_of_the_present(reporting: Reporting) -> None:
    """So that every statement can be asked of both, and whoever adds a column adds it to its history."""
    columns = "select attname, atttypid from pg_attribute where attrelid = '{}'::regclass and attnum > 0 {}"
    for (view,) in await reporting.rows("select viewname from pg_views where schemaname = 'past'"):
        past = await reporting.rows(columns.format(f"past.{view}", "order by attnum"), TENANTS)
        now = await reporting.rows(columns.format(f"public.{view}", "and not attisdropped order by attnum"), TENANTS)
        assert past == now, view


def learn(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in answer["products"] if one["product"] == "learn")
    return found
