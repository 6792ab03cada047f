"""The dashboard over HTTP: whose people and whose pools an organization's figures are (interfaces)."""

from typing import Any
from uuid import UUID

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages, status_of
from .story import (
    ANN,
    BOB,
    CAL,
    DISTRICT,
    ELSEWHERE,
    LAB,
    NORTH,
    SOUTH,
    START,
    Reporting,
    activity,
    day,
    organization,
    person,
    pool,
    product,
    seat,
    term,
)


def of(answer: dict[str, Any], product: str) -> dict[str, Any]:
    found: dict[str, Any] = next(line for line in answer["products"] if line["product"] == product)
    return found


def some(line: dict[str, Any], *names: str) -> list[Any]:
    return [line[name] for name in names]


async def test_before_anything_is_licensed_the_catalogue_stands_empty(get: Ask) -> None:
    answer = await get("/v1/dashboard")
    assert answer["org_id"] == str(DISTRICT)
    assert answer["as_of"] == START.isoformat().replace("+00:00", "Z")
    assert [line["product"] for line in answer["products"]] == ["learn", "observe", "combined"]
    figures = ("total_licensed", "assigned", "available", "usage_percentage", "license_state")
    assert some(of(answer, "learn"), *figures) == [0, 0, 0, None, None]
    assert answer["upcoming_renewals"] == []


async def test_a_district_counts_its_units_people_against_the_pools_below_it(district: Reporting, get: Ask) -> None:
    await district.hear(
        pool(DISTRICT, 8, license_state="expiring", assigned=2),
        pool(SOUTH, 1, assigned=1, license_state="active", ends_at=day(30)),
        seat(ANN), seat(BOB, org=DISTRICT), seat(CAL, org=SOUTH, pool_of=SOUTH),
        activity(ANN), activity(BOB, "inactive"),
        seat(UUID(int=1), "waitlisted", org=LAB), seat(UUID(int=2), "suspended"), seat(UUID(int=3), "released"),
    )  # fmt: skip
    line = of(await get("/v1/dashboard"), "learn")
    assert some(line, "total_licensed", "assigned", "available", "waitlisted", "suspended", "usage_percentage") == [
        9, 3, 6, 1, 1, 33.33,
    ]  # fmt: skip
    figures = ("active_users", "inactive_users", "never_used_users", "unknown_users", "utilization_percentage")
    assert some(line, *figures) == [1, 1, 0, 1, 33.33]
    assert some(line, "license_state", "ends_at", "shared_pool") == ["expiring", "2026-04-01T12:00:00Z", None]


async def test_a_school_on_its_districts_pool_shows_whose_pool_that_is(district: Reporting, get: Ask) -> None:
    await district.hear(pool(DISTRICT, 10, assigned=7, over_allocated=True), pool(SOUTH, 3), seat(ANN, org=LAB))
    line = of(await get("/v1/dashboard", org_id=NORTH), "learn")
    assert some(line, "total_licensed", "assigned", "available", "usage_percentage", "over_allocated") == [
        None, 1, None, None, True,
    ]  # fmt: skip
    assert line["shared_pool"] == {"org_id": str(DISTRICT), "total_licensed": 10, "assigned": 7, "available": 3}
    assert some(of(await get("/v1/dashboard", org_id=SOUTH), "learn"), "total_licensed", "shared_pool") == [3, None]


async def test_a_pool_that_ended_serves_nobody(district: Reporting, get: Ask) -> None:
    await district.hear(pool(DISTRICT, 10), pool(NORTH, 5, state="ended", license_state="ended"))
    line = of(await get("/v1/dashboard", org_id=NORTH), "learn")
    assert line["shared_pool"]["org_id"] == str(DISTRICT)


async def test_seats_beyond_what_is_licensed_are_said(district: Reporting, get: Ask) -> None:
    await district.hear(pool(DISTRICT, 1, assigned=2, over_allocated=True), seat(ANN), seat(BOB))
    line = of(await get("/v1/dashboard"), "learn")
    assert some(line, "available", "over_allocated", "over_capacity", "usage_percentage") == [-1, True, 1, 100.0]


async def test_combined_are_those_with_both_against_the_smaller_pool(district: Reporting, get: Ask) -> None:
    await district.hear(
        pool(DISTRICT, 10, ends_at=day(20)), pool(DISTRICT, 2, product="observe", license_state="grace"),
        seat(ANN), seat(ANN, product="observe"), seat(BOB), seat(BOB, "waitlisted", product="observe"),
        activity(ANN), activity(ANN, product="observe"),
    )  # fmt: skip
    line = of(await get("/v1/dashboard"), "combined")
    assert some(line, "total_licensed", "assigned", "available", "waitlisted", "active_users", "license_state") == [
        2, 1, 1, 1, 1, "grace",
    ]  # fmt: skip
    assert some(line, "ends_at", "note") == ["2026-03-22T12:00:00Z", "counted from both pools"]


async def test_products_of_the_deployment_follow_with_their_names(district: Reporting, get: Ask) -> None:
    await district.hear(product("learn", "Learning"), product("coach", "Coaching"), seat(ANN, product="zeal"))
    names = {line["product"]: line["name"] for line in (await get("/v1/dashboard"))["products"]}
    assert list(names) == ["learn", "observe", "coach", "zeal", "combined"]
    assert list(names.values()) == ["Learning", "Observe", "Coaching", "zeal", "Combined"]
    listed = await get("/v1/products")
    assert [one["product"] for one in listed["items"]] == ["learn", "observe", "coach"]


async def test_a_license_that_has_not_begun_is_scheduled(district: Reporting, get: Ask) -> None:
    await district.hear(term(state="scheduled", ends=day(400)))
    assert of(await get("/v1/dashboard"), "learn")["license_state"] == "scheduled"
    await district.hear(pool(DISTRICT, 5))
    assert of(await get("/v1/dashboard"), "learn")["license_state"] == "active"


async def test_the_system_sees_the_sum_over_all_tenants(district: Reporting, get: Ask) -> None:
    await district.hear(pool(DISTRICT, 5), pool(ELSEWHERE, 7, tenant=ELSEWHERE), seat(ANN))
    await district.hear(seat(BOB, pool_of=ELSEWHERE, org=ELSEWHERE, tenant=ELSEWHERE))
    answer = await get("/v1/dashboard", who=OPERATOR)
    assert answer["org_id"] is None
    assert some(of(answer, "learn"), "total_licensed", "assigned", "shared_pool") == [12, 2, None]
    one = await get("/v1/dashboard", who=OPERATOR, org_id=ELSEWHERE)
    assert some(of(one, "learn"), "total_licensed", "assigned") == [7, 1]


async def test_a_person_who_moves_takes_their_seats_along(district: Reporting, get: Ask) -> None:
    await district.hear(pool(), person(ANN, SOUTH), seat(ANN, org=SOUTH))
    await district.hear(person(ANN, LAB, version=2))
    by_school = [of(await get("/v1/dashboard", org_id=org), "learn")["assigned"] for org in (SOUTH, NORTH, LAB)]
    assert by_school == [0, 1, 1]
    assert (await district.examine())["headcount_wrong"] == 0


async def test_a_unit_that_moves_takes_its_people_along(district: Reporting, get: Ask) -> None:
    await district.hear(pool(), seat(ANN, org=LAB), organization(LAB, SOUTH, name="Lab", version=2))
    assert [of(await get("/v1/dashboard", org_id=org), "learn")["assigned"] for org in (NORTH, SOUTH)] == [0, 1]


async def test_facts_that_cross_into_a_cycle_for_a_moment_stop_nothing(district: Reporting, get: Ask) -> None:
    await district.hear(organization(NORTH, LAB, version=2), seat(ANN, org=LAB))
    assert of(await get("/v1/dashboard", org_id=LAB, who=OPERATOR), "learn")["assigned"] == 1
    assert len((await get("/v1/dashboard/organizations", org_id=LAB, who=OPERATOR))["items"]) == 2


async def test_how_late_facts_come_is_measured(district: Reporting, get: Ask) -> None:
    assert (await get("/v1/dashboard"))["delay_ms"] is None
    for milliseconds in (20, 30, 90_000):
        await district.hear(seat(UUID(int=milliseconds), at=day(-milliseconds / 86_400_000)))
    assert (await get("/v1/dashboard"))["delay_ms"] == 30


REPORTS = ["/v1/dashboard", "/v1/dashboard/organizations", "/v1/claims", "/v1/renewals", "/v1/products"]


async def test_every_report_asks_who_and_what_may_be_seen(get: Ask) -> None:
    for path in REPORTS:
        answers = [
            await get(path, who=LAB_REPORTER),
            await get(path, who=LAB_REPORTER, org_id=LAB),
            await get(path, who=LAB_REPORTER, org_id=NORTH),
            await get(path, org_id=ELSEWHERE),
            await get(path, who=LEARNER),
            await get(path, who=UUID(int=77)),
        ]
        assert [status_of(answer) for answer in answers] == [200, 200, 404, 404, 403, 401], path


async def test_each_organization_counts_itself_and_all_below(district: Reporting, get: Ask) -> None:
    await district.hear(
        pool(DISTRICT, 10), pool(SOUTH, 4), seat(ANN, org=LAB), seat(BOB, org=SOUTH), seat(CAL, org=NORTH)
    )
    items = (await get("/v1/dashboard/organizations"))["items"]
    shown = [
        (one["name"], one["depth"], *some(of(one, "learn"), "assigned", "total_licensed", "available")) for one in items
    ]
    assert shown == [
        ("Lab", 2, 1, None, None),
        ("North High", 1, 2, None, None),
        ("South High", 1, 1, 4, 3),
        ("Springfield District", 0, 3, 14, 11),
    ]
    assert [one["name"] for one in (await get("/v1/dashboard/organizations", org_id=NORTH))["items"]] == [
        "Lab",
        "North High",
    ]


async def test_the_list_is_paged_in_either_order(get: Ask) -> None:
    forward = await all_pages(get, "/v1/dashboard/organizations", limit=1)
    backward = (await get("/v1/dashboard/organizations", sort="-name"))["items"]
    assert forward == backward[::-1]
    assert [one["name"] for one in forward] == ["Lab", "North High", "South High", "Springfield District"]


async def test_the_system_lists_the_tenants(get: Ask) -> None:
    items = (await get("/v1/dashboard/organizations", who=OPERATOR))["items"]
    assert [one["name"] for one in items] == ["Elsewhere", "Springfield District"]


async def test_a_cursor_of_somebody_elses_making_is_refused(get: Ask) -> None:
    for path in ("/v1/dashboard/organizations", "/v1/renewals", "/v1/claims"):
        for cursor in ("nonsense", "WyJhIl0", "WyJhXHUwMDAwIiwiMSJd", "WzEsMl0"):
            assert status_of(await get(path, cursor=cursor)) == 422


async def test_renewals_come_with_the_days_that_are_left(district: Reporting, get: Ask) -> None:
    await district.hear(
        term(ends=day(75.5)),
        term(NORTH, ends=day(10.5), product="observe"),
        term(SOUTH, ends=day(-3), state="grace"),
        term(ends=day(5), state="renewed"),
        term(ends=day(91.5), state="active"),
    )
    upcoming = (await get("/v1/dashboard"))["upcoming_renewals"]
    assert [some(one, "organization", "product", "days_left", "state") for one in upcoming] == [
        ["South High", "learn", 0, "grace"],
        ["North High", "observe", 10, "expiring"],
        ["Springfield District", "learn", 75, "expiring"],
    ]
    assert (await get("/v1/renewals"))["items"] == upcoming
    assert [one["days_left"] for one in (await get("/v1/renewals", within_days=400, org_id=NORTH))["items"]] == [10]
    first = await get("/v1/renewals", within_days=400, limit=3)
    second = await get("/v1/renewals", within_days=400, cursor=first["next_cursor"])
    assert [one["days_left"] for one in second["items"]] == [91]


async def test_the_doctor_sees_system_administrators_alone(district: Reporting, get: Ask) -> None:
    await district.hear(seat(ANN), seat(BOB, "waitlisted"), pool(assigned=1))
    assert status_of(await get("/v1/doctor")) == 403
    found = (await get("/v1/doctor", who=OPERATOR))["tenants"]
    assert [one["name"] for one in found] == ["Springfield District", "Elsewhere", "Operators"]
    figures = ("seats", "claims", "claims_missing", "entered", "left", "held", "headcount_wrong", "pools_wrong")
    assert some(found[0], *figures) == [{"assigned": 1, "waitlisted": 1}, 2, 0, 1, 0, 1, 0, 0]
    assert some(found[1], *figures) == [{}, 0, 0, 0, 0, 0, 0, 0]
