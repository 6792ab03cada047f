"""Assignments over HTTP: every seat with its holder, where they are now, and whether they come."""

from typing import Any
from uuid import UUID

import pytest

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages, status_of
from .story import (
    ANN,
    BOB,
    CAL,
    ELSEWHERE,
    LAB,
    NORTH,
    SOUTH,
    Reporting,
    activity,
    day,
    person,
    pool_id,
    product,
    profile,
    seat,
)

DON = UUID(int=110)
ANN_LEARN, ANN_OBSERVE, BOB_LEARN, CAL_LEARN = (101, "learn"), (101, "observe"), (102, "learn"), (103, "learn")


@pytest.fixture
async def seats(district: Reporting) -> Reporting:
    """Ann holds one seat, and lost another; Bob waits in the lab; Cal holds one and never came; Don is elsewhere."""
    await district.hear(
        product("learn", "Learn"), product("observe", "Observe"), product("learn", "Learn", tenant=ELSEWHERE),
        profile(ANN, "Ann Abbot"), person(ANN), person(BOB, LAB), person(CAL, SOUTH),
        seat(ANN), activity(ANN, "active"),
        seat(ANN, product="observe"),
        seat(ANN, "released", product="observe", came_from="assigned", at=day(2), version=2),
        seat(BOB, "waitlisted", org=LAB), activity(BOB, "never_used"),
        seat(CAL, org=SOUTH), activity(CAL, "never_used"),
        seat(DON, org=ELSEWHERE, tenant=ELSEWHERE, pool_of=ELSEWHERE),
    )  # fmt: skip
    return district


def keys(page: dict[str, Any]) -> list[tuple[int, str]]:
    return [(UUID(one["user_id"]).int, one["product"]) for one in page["items"]]


@pytest.mark.usefixtures("seats")
async def test_a_seat_is_told_with_its_holder_and_how_it_is_used(get: Ask) -> None:
    ann, lost = (await get("/v1/assignments", user_id=ANN))["items"]
    assert ann == {
        "user_id": str(ANN), "display_name": "Ann Abbot", "user_name": "ann abbot", "product": "learn",
        "org_id": str(NORTH), "organization": "North High", "pool_id": str(pool_id(UUID(int=1), "learn")),
        "state": "assigned", "since": "2026-03-02T12:00:00Z", "assigned_since": None, "activity": "active",
        "activity_since": "2026-03-02T12:00:00Z", "last_login_at": None, "version": 1,
    }  # fmt: skip
    assert (lost["state"], lost["since"], lost["activity"]) == ("released", "2026-03-04T12:00:00Z", None)


FILTERED: list[tuple[str, dict[str, Any], list[Any]]] = [
    ("everybody", {}, [ANN_LEARN, ANN_OBSERVE, BOB_LEARN, CAL_LEARN]),
    ("one product", {"product": "observe"}, [ANN_OBSERVE]),
    ("who holds one", {"state": "assigned"}, [ANN_LEARN, CAL_LEARN]),
    ("who never came is who holds a seat", {"activity": "never_used"}, [CAL_LEARN]),
    ("nobody waits and comes", {"activity": "active", "state": "waitlisted"}, []),
    ("a unit and those below it", {"org_id": NORTH}, [ANN_LEARN, ANN_OBSERVE, BOB_LEARN]),
    ("all at once", {"org_id": NORTH, "product": "learn", "state": "waitlisted"}, [BOB_LEARN]),
    ("one person of a unit", {"org_id": NORTH, "user_id": ANN, "state": "released"}, [ANN_OBSERVE]),
    ("a person of another unit", {"org_id": LAB, "user_id": ANN}, []),
]


@pytest.mark.usefixtures("seats")
async def test_assignments_are_filtered_and_paged(get: Ask) -> None:
    for story, query, found in FILTERED:
        whole = await get("/v1/assignments", **query)
        assert keys(whole) == found, story
        assert await all_pages(get, "/v1/assignments", limit=1, **query) == whole["items"], story


async def test_a_seat_is_shown_where_its_holder_is_now(seats: Reporting, get: Ask) -> None:
    await seats.hear(person(ANN, SOUTH, version=2))
    assert keys(await get("/v1/assignments", org_id=NORTH)) == [BOB_LEARN]
    found = await get("/v1/assignments", org_id=SOUTH)
    assert keys(found) == [ANN_LEARN, ANN_OBSERVE, CAL_LEARN]
    assert found["items"][0]["organization"] == "South High"


@pytest.mark.usefixtures("seats")
async def test_nobody_sees_what_is_not_theirs(get: Ask) -> None:
    assert keys(await get("/v1/assignments", who=LAB_REPORTER)) == [BOB_LEARN]
    assert keys(await get("/v1/assignments", who=LAB_REPORTER, user_id=ANN)) == []
    assert keys(await get("/v1/assignments", who=OPERATOR))[-1] == (110, "learn")
    assert keys(await get("/v1/assignments", who=OPERATOR, state="assigned"))[-1] == (110, "learn")
    assert status_of(await get("/v1/assignments", org_id=ELSEWHERE)) == 404
    assert status_of(await get("/v1/assignments", who=LEARNER)) == 403


async def test_a_word_that_is_none_of_ours_is_refused(get: Ask) -> None:
    for query in ({"state": "none"}, {"activity": "lazy"}, {"product": "A"}, {"cursor": "WzFd"}):
        assert status_of(await get("/v1/assignments", **query)) == 422, query
