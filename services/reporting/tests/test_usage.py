"""Usage over time over HTTP: whose people an organization's figures count, and which days."""

from datetime import date, timedelta
from uuid import UUID

from usher_contracts.envelope import Event
from usher_contracts.usage import ActivesChanged, Period

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages, status_of
from .story import DISTRICT, ELSEWHERE, LAB, NORTH, SOUTH, START, Reporting, tell

TODAY = START.date()
FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)


def came(
    org: UUID,
    people: int,
    starts_on: date = TODAY,
    *,
    period: Period = "day",
    tenant: UUID = DISTRICT,
    version: int = 1,
) -> Event[ActivesChanged]:
    return tell(
        ActivesChanged(
            tenant_id=tenant,
            org_id=org,
            period=period,
            starts_on=starts_on,
            people=people,
            logins=2 * people,
            version=version,
        )
    )


def figures(answer: dict[str, list[dict[str, object]]]) -> list[list[object]]:
    return [[item["starts_on"], item["active_people"], item["logins"]] for item in answer["items"]]


async def test_an_organizations_figures_are_those_of_its_units_together(district: Reporting, get: Ask) -> None:
    await district.hear(came(NORTH, 3), came(LAB, 2), came(SOUTH, 5, TODAY - timedelta(days=1)))
    yesterday = str(TODAY - timedelta(days=1))
    assert figures(await get("/v1/usage")) == [[yesterday, 5, 10], [str(TODAY), 5, 10]]
    assert figures(await get("/v1/usage", org_id=NORTH)) == [[str(TODAY), 5, 10]]
    assert figures(await get("/v1/usage", who=LAB_REPORTER)) == [[str(TODAY), 2, 4]]


async def test_what_is_told_last_counts_in_whatever_order_it_comes(district: Reporting, get: Ask) -> None:
    await district.hear(came(NORTH, 4, version=2))
    await district.hear(came(NORTH, 3, version=1))
    assert figures(await get("/v1/usage")) == [[str(TODAY), 4, 8]]


async def test_months_begin_with_the_one_that_is_asked_for(district: Reporting, get: Ask) -> None:
    await district.hear(*(came(NORTH, n, month, period="month") for n, month in enumerate((FEBRUARY, MARCH), 1)))
    assert figures(await get("/v1/usage", period="month")) == [[str(FEBRUARY), 1, 2], [str(MARCH), 2, 4]]
    assert figures(await get("/v1/usage", period="month", since="2026-03-02")) == [[str(MARCH), 2, 4]]


async def test_without_days_asked_for_it_is_the_last_thirty(district: Reporting, get: Ask) -> None:
    await district.hear(*(came(NORTH, 1, TODAY - timedelta(days=ago)) for ago in (0, 30, 31)))
    answer = await get("/v1/usage")
    assert [answer["since"], answer["until"]] == [str(TODAY - timedelta(days=30)), str(TODAY)]
    assert len(answer["items"]) == 2
    assert len((await get("/v1/usage", since="2026-01-01"))["items"]) == 3


async def test_units_are_shown_by_themselves_page_by_page(district: Reporting, get: Ask) -> None:
    days = [TODAY - timedelta(days=1), TODAY]
    await district.hear(*(came(org, 1, day) for org in (NORTH, SOUTH, LAB) for day in days))
    items = await all_pages(get, "/v1/usage/organizations", limit=4)
    assert [(item["starts_on"], item["org_id"]) for item in items] == [
        (str(day), str(org)) for day in days for org in (NORTH, SOUTH, LAB)
    ]
    assert items[0]["organization"] == "North High"


async def test_days_that_make_no_sense_are_told(get: Ask) -> None:
    assert status_of(await get("/v1/usage", since="2026-03-03", until="2026-03-02")) == 422
    assert status_of(await get("/v1/usage", since="2000-03-03")) == 422
    assert status_of(await get("/v1/usage", until="0001-01-01")) == 200
    assert status_of(await get("/v1/usage/organizations", cursor="WzFd")) == 422


async def test_nobody_sees_what_is_not_theirs(district: Reporting, get: Ask) -> None:
    await district.hear(came(ELSEWHERE, 7, tenant=ELSEWHERE), came(NORTH, 1))
    assert figures(await get("/v1/usage")) == [[str(TODAY), 1, 2]]
    assert figures(await get("/v1/usage", who=OPERATOR)) == [[str(TODAY), 8, 16]]
    assert status_of(await get("/v1/usage", org_id=ELSEWHERE)) == 404
    assert status_of(await get("/v1/usage", who=LEARNER)) == 403
