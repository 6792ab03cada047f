"""The license history over HTTP: every version of every seat, newest first, with its reason and cause."""

from typing import Any
from uuid import UUID

import pytest

from .conftest import LAB_REPORTER, OPERATOR, Ask, all_pages, status_of
from .story import ANN, BOB, CAL, DISTRICT, ELSEWHERE, LAB, NORTH, SOUTH, Reporting, day, pool_id, profile, seat


def lines(page: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(UUID(one["user_id"]).int, one["product"], one["kind"]) for one in page["items"]]


@pytest.fixture
async def history(district: Reporting) -> Reporting:
    """Ann waits, is promoted and released; Bob holds a seat in the lab; Cal one in another tenant."""
    await district.hear(
        profile(ANN, "Ann Abbot"),
        seat(ANN, "released", came_from="assigned", reason="role_revoked", at=day(3), version=3),
        seat(ANN, "waitlisted", at=day(0)),
        seat(BOB, org=LAB, at=day(1)),
        seat(ANN, came_from="waitlisted", claim="promoted", reason="seat_freed", at=day(2), version=2),
        seat(ANN, product="observe", org=SOUTH, at=day(2)),
        seat(CAL, org=ELSEWHERE, tenant=ELSEWHERE, pool_of=ELSEWHERE, at=day(4)),
    )
    return district


@pytest.mark.usefixtures("history")
async def test_a_claim_tells_what_happened_to_whom_why_and_by_what(get: Ask) -> None:
    newest = (await get("/v1/claims"))["items"][0]
    message_id = newest.pop("message_id")
    assert UUID(message_id).version == 7
    assert newest == {
        "at": "2026-03-05T12:00:00Z",
        "user_id": str(ANN),
        "display_name": "Ann Abbot",
        "product": "learn",
        "org_id": str(NORTH),
        "organization": "North High",
        "pool_id": str(pool_id(DISTRICT, "learn")),
        "kind": "released",
        "reason": "role_revoked",
        "from_state": "assigned",
        "state": "released",
        "version": 3,
        "actor": "user:1",
        "causation_id": "cause-1",
        "correlation_id": message_id,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "changeset": "import-1",
        "is_void": False,
    }


ALL = [
    (101, "learn", "released"),
    (101, "observe", "assigned"),
    (101, "learn", "promoted"),
    (102, "learn", "assigned"),
    (101, "learn", "waitlisted"),
]


FILTERED: list[tuple[str, dict[str, Any], list[Any]]] = [
    ("all of the tenant, newest first", {}, ALL),
    ("one person", {"user_id": BOB}, [ALL[3]]),
    ("one product", {"product": "observe"}, [ALL[1]]),
    ("one kind", {"kind": "promoted"}, [ALL[2]]),
    ("one reason", {"reason": "role_granted"}, [ALL[1], ALL[3], ALL[4]]),
    ("a unit and those below it", {"org_id": NORTH}, [ALL[0], ALL[2], ALL[3], ALL[4]]),
    ("from a time on", {"from_": day(2).isoformat()}, ALL[:3]),
    ("until before a time", {"to": day(2).isoformat()}, ALL[3:]),
    ("one actor", {"actor": "user:1"}, ALL),
    ("the system's own", {"actor": "system"}, []),
    ("one change set", {"changeset": "import-1", "kind": "promoted"}, [ALL[2]]),
    ("another one", {"changeset": "import-2"}, []),
    ("all at once", {"org_id": NORTH, "user_id": ANN, "kind": "waitlisted", "to": day(1).isoformat()}, [ALL[4]]),
]


@pytest.mark.usefixtures("history")
async def test_claims_are_filtered(get: Ask) -> None:
    for story, query, found in FILTERED:
        assert lines(await get("/v1/claims", **query)) == found, story


@pytest.mark.usefixtures("history")
async def test_a_page_goes_on_where_the_one_before_ended(get: Ask) -> None:
    for query in ({}, {"org_id": NORTH}):
        whole = (await get("/v1/claims", **query))["items"]
        for limit in (1, 2):
            assert await all_pages(get, "/v1/claims", limit=limit, **query) == whole


@pytest.mark.usefixtures("history")
async def test_who_may_see_which_claims(get: Ask) -> None:
    assert lines(await get("/v1/claims", who=LAB_REPORTER)) == [ALL[3]]
    assert lines(await get("/v1/claims", who=LAB_REPORTER, user_id=ANN)) == []
    assert lines(await get("/v1/claims", who=OPERATOR)) == [(103, "learn", "assigned"), *ALL]
    assert len((await get("/v1/claims", who=OPERATOR, org_id=DISTRICT))["items"]) == 5


async def test_a_filter_that_is_no_word_of_ours_is_refused(get: Ask) -> None:
    for query in ({"kind": "lost"}, {"reason": "%00"}, {"product": "a\x00"}, {"from_": "yesterday"}):
        assert status_of(await get("/v1/claims", **query)) == 422
