"""Who keeps to what they bought: the rules by themselves, then as pools, people and terms are told."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_contracts.reporting import ComplianceChanged
from usher_kit.migrations import raise_epoch
from usher_kit.versions import EPOCH_SIZE
from usher_reporting.domain.compliance import Position, Status, Thresholds, findings, status_of
from usher_reporting.domain.headcount import Headcount
from usher_reporting.use_cases.compliance import judge_compliance

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages
from .conftest import status_of as http_status
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
    pool,
    seat,
    term,
)

USUAL = Thresholds()
WELL = Position(
    capacity=100,
    capacity_with_grace=100,
    overage_seats=0,
    license_state="active",
    ends_at=day(200),
    has_successor=False,
    people=Headcount(assigned=50, active=50),
)


def codes(position: Position) -> list[str]:
    return [one.code for one in findings(position, START, USUAL)]


def of(assigned: int, **others: int) -> Headcount:
    return Headcount(assigned=assigned, active=assigned - sum(others.get(one, 0) for one in ("inactive", "never_used")),
                     **others)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "status", "expected"),
    [
        ({}, "compliant", []),
        ({"people": of(95)}, "at_risk", ["nearly_full"]),
        ({"people": of(94)}, "compliant", []),
        ({"people": of(101)}, "non_compliant", ["over_capacity"]),
        ({"people": of(105), "overage_seats": 5}, "compliant", []),
        ({"people": of(106), "overage_seats": 5}, "non_compliant", ["over_capacity"]),
        ({"people": of(500), "overage_seats": None}, "compliant", []),
        ({"people": of(50, waitlisted=1)}, "at_risk", ["people_waiting"]),
        ({"people": of(50, inactive=6, never_used=5)}, "at_risk", ["many_inactive"]),
        ({"people": of(50, inactive=5, never_used=5)}, "compliant", []),
        ({"capacity": 0, "license_state": "grace"}, "at_risk", ["in_grace"]),
        ({"license_state": "expiring", "ends_at": day(30.5)}, "at_risk", ["ends_soon"]),
        ({"license_state": "expiring", "ends_at": day(31.5)}, "compliant", []),
        ({"license_state": "expiring", "ends_at": day(3), "has_successor": True}, "compliant", []),
        ({"capacity": 0, "capacity_with_grace": 0, "license_state": "expired"}, "non_compliant", ["used_after_expiry"]),
        ({"capacity": 0, "capacity_with_grace": 0, "license_state": "expired", "people": of(0)}, "compliant", []),
    ],
)
def test_what_is_said_of_a_pool(change: dict[str, Any], status: str, expected: list[str]) -> None:
    found = findings(replace(WELL, **change), START, USUAL)
    assert [one.code for one in found] == expected
    assert status_of(found) == status


def test_what_is_against_the_license_comes_first_and_then_what_saves_most() -> None:
    position = replace(
        WELL, people=of(120, waitlisted=40, inactive=30), price_per_seat=Decimal("12.50"), currency="USD"
    )
    assert codes(position) == ["over_capacity", "many_inactive", "people_waiting"]
    assert codes(replace(position, price_per_seat=None)) == ["over_capacity", "people_waiting", "many_inactive"]
    saving = next(one for one in findings(position, START, USUAL) if one.code == "many_inactive")
    assert saving.figures == {"inactive": 30, "assigned": 120, "percent": 25.0, "saved": "375.00", "currency": "USD"}


POSITIONS = st.builds(
    lambda capacity, more, overage, state, ends, successor, people: Position(
        capacity, capacity + more, overage, state, day(ends), successor, Headcount(*people)
    ),
    st.integers(0, 50),
    st.integers(0, 20),
    st.none() | st.integers(0, 10),
    st.sampled_from(["active", "expiring", "grace", "expired", "ended"]),
    st.integers(0, 60),
    st.booleans(),
    st.tuples(*[st.integers(0, 60)] * len(Headcount._fields)),
)


@given(POSITIONS)
def test_more_room_and_fewer_people_never_make_it_worse(position: Position) -> None:
    order = list(Status)

    def rank(one: Position) -> int:
        return order.index(status_of(findings(one, START, USUAL)))

    roomier = replace(
        position, capacity=position.capacity + 100, capacity_with_grace=position.capacity_with_grace + 100
    )
    assert rank(roomier) <= rank(position)
    assert rank(replace(position, people=Headcount())) <= rank(position)
    if position.has_successor:
        assert rank(position) <= rank(replace(position, has_successor=False))


@given(POSITIONS)
def test_every_finding_has_people_and_an_act(position: Position) -> None:
    for one in findings(position, START, USUAL):
        assert one.act
        assert one.people > 0 or one.code in {"in_grace", "ends_soon", "nearly_full"}


async def judge(district: Reporting) -> int:
    async with district.database.transaction(await district.database.all_tenants()) as conn:
        return await judge_compliance(conn, district.clock.now(), USUAL)


async def facts(district: Reporting) -> list[ComplianceChanged]:
    rows = await district.rows(
        "select body from outbox where routing_key = 'reporting.compliance.changed.v1' order by id"
    )
    return [ComplianceChanged.model_validate(orjson.loads(row.body)) for row in rows]


async def test_a_pool_answers_for_all_whom_it_serves_and_for_nobody_else(district: Reporting, get: Ask) -> None:
    await district.hear(
        pool(DISTRICT, 2, license_state="active"), pool(SOUTH, 1, license_state="active"),
        seat(ANN, org=NORTH), seat(BOB, org=LAB), seat(CAL, "waitlisted", org=SOUTH, pool_of=SOUTH),
        activity(ANN), activity(BOB),
    )  # fmt: skip
    assert await judge(district) == 2
    shown = {item["org_id"]: item for item in await all_pages(get, "/v1/compliance", limit=1)}
    assert [one["code"] for one in shown[str(DISTRICT)]["findings"]] == ["nearly_full"]
    assert shown[str(DISTRICT)]["findings"][0]["figures"] == {"assigned": 2, "capacity": 2, "percent": 100.0}
    assert [one["code"] for one in shown[str(SOUTH)]["findings"]] == ["people_waiting"]
    assert shown[str(SOUTH)]["organization"] == "South High"


async def test_what_is_news_is_told_and_a_status_has_its_beginning(district: Reporting, get: Ask) -> None:
    await district.hear(pool(NORTH, 1, license_state="active"), seat(ANN, pool_of=NORTH), activity(ANN))
    assert (await judge(district), await judge(district)) == (1, 0)
    district.clock.move_to(day(1))
    await district.hear(pool(NORTH, 1, license_state="grace", version=2))
    assert await judge(district) == 1
    told = await facts(district)
    assert [(fact.status, fact.since, fact.version, fact.previous_version) for fact in told] == [
        ("at_risk", START, 1, 0), ("at_risk", START, 2, 1),
    ]  # fmt: skip
    assert {one.code for one in told[-1].findings} == {"nearly_full", "in_grace"}
    district.clock.move_to(day(2))
    await district.hear(pool(NORTH, 100, license_state="active", version=3))
    assert await judge(district) == 1
    (item,) = (await get("/v1/compliance"))["items"]
    assert (item["status"], item["findings"]) == ("compliant", [])
    assert item["since"].startswith("2026-03-04")


async def test_a_renewal_that_is_bought_takes_the_worry(district: Reporting) -> None:
    await district.hear(pool(NORTH, 9, license_state="expiring", ends_at=day(20)), term(NORTH, ends=day(20)))
    await judge(district)
    assert [one.code for one in (await facts(district))[-1].findings] == ["ends_soon"]
    renewal = term(NORTH, ends=day(400), state="scheduled")
    await district.hear(renewal)
    await judge(district)
    assert (await facts(district))[-1].status == "compliant"


async def test_a_pool_that_closes_is_not_spoken_of_any_more(district: Reporting, get: Ask) -> None:
    await district.hear(pool(NORTH, 1, license_state="grace"))
    await judge(district)
    await district.hear(pool(NORTH, 0, state="ended", license_state="ended", version=2))
    assert (await judge(district), await judge(district)) == (1, 0)
    assert (await get("/v1/compliance"))["items"] == []
    await district.hear(pool(NORTH, 1, license_state="grace", version=3))
    await judge(district)
    assert [(fact.status, fact.version) for fact in await facts(district)] == [
        ("at_risk", 1), ("compliant", 2), ("at_risk", 3),
    ]  # fmt: skip


async def test_units_that_stand_below_themselves_end_no_judgement(district: Reporting) -> None:
    """For a moment, copies may say so."""
    await district.hear(organization(NORTH, LAB, version=2), pool(NORTH, 1, license_state="active"))
    assert await judge(district) == 1


async def test_it_goes_on_in_a_new_epoch(district: Reporting, service_database: str) -> None:
    await district.hear(pool(NORTH, 1, license_state="active"))
    await raise_epoch(service_database)
    await judge(district)
    assert (await facts(district))[-1].version > EPOCH_SIZE


async def test_nobody_sees_what_is_not_theirs(district: Reporting, get: Ask) -> None:
    await district.hear(
        pool(NORTH, 1, license_state="active"), pool(LAB, 1, license_state="grace"),
        pool(ELSEWHERE, 1, license_state="active", tenant=ELSEWHERE),
    )  # fmt: skip
    await judge(district)

    async def units(**asked: Any) -> set[UUID]:
        return {UUID(item["org_id"]) for item in (await get("/v1/compliance", **asked))["items"]}

    assert await units() == {NORTH, LAB}
    assert await units(who=LAB_REPORTER) == {LAB}
    assert await units(who=OPERATOR) == {NORTH, LAB, ELSEWHERE}
    assert await units(status="at_risk") == {LAB}
    assert await units(product="observe") == set()
    assert http_status(await get("/v1/compliance", who=LEARNER)) == 403
    assert http_status(await get("/v1/compliance", org_id=ELSEWHERE)) == 404
