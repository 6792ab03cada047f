"""The audit log over HTTP: acts newest first, filtered, each to those who may see it."""

from typing import Any
from uuid import UUID

import pytest

from usher_contracts.audit import EntitlementsAuditRecorded

from .audit import tamper
from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages, status_of
from .story import DISTRICT, ELSEWHERE, LAB, NORTH, SOUTH, Reporting, act, day


def named(page: dict[str, Any]) -> list[str]:
    return [one["target"] for one in page["items"]]


@pytest.fixture
async def history(district: Reporting) -> Reporting:
    """Acts in a district, its schools and a lab, one refused, one by the system; and one in another tenant."""
    await district.hear(
        act("late", org_id=NORTH, at=day(5)),
        act("early", org_id=LAB, at=day(0), before={"roles": ["learner"]}, after={"roles": []}, address="203.0.113.7"),
        act("refused", org_id=SOUTH, at=day(1), outcome="refused", reason="forbidden", by="user:8"),
        act("term", fact=EntitlementsAuditRecorded, act="license_term.pass", at=day(2), by="system"),
        act("foreign", org_id=ELSEWHERE, tenant=ELSEWHERE, at=day(3)),
    )
    return district


@pytest.mark.usefixtures("history")
async def test_an_act_is_told_whole(get: Ask) -> None:
    [found] = (await get("/v1/audit", target="early"))["items"]
    event_id, entry_hash = found.pop("event_id"), found.pop("hash")
    assert UUID(event_id).version == 7
    assert len(bytes.fromhex(entry_hash)) == 32
    assert found == {
        "tenant_id": str(DISTRICT),
        "position": 2,
        "at": "2026-03-02T12:00:00Z",
        "service": "identity",
        "actor": "user:7",
        "act": "user.set_roles",
        "target": "early",
        "org_id": str(LAB),
        "organization": "Lab",
        "outcome": "done",
        "reason": None,
        "before": {"roles": ["learner"]},
        "after": {"roles": []},
        "address": "203.0.113.7",
        "causation_id": None,
        "correlation_id": event_id,
        "changeset": "import-1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "is_readable": True,
    }


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "no JSON",
        "null",
        "[]",
        '"act"',
        "{}",
        '{"data": []}',
        '{"type": 1, "data": {}}',
        '{"type": "x", "data": {}}',
    ],
)
async def test_an_entry_whose_text_was_overwritten_is_shown_as_unreadable(
    get: Ask, service_database: str, nonsense: str
) -> None:
    whole = (await get("/v1/audit"))["items"]
    overwrite = "update audit_entry set document = :text where target = 'early'"
    await tamper(service_database, overwrite, text=nonsense)
    *others, found = (await get("/v1/audit"))["items"]
    assert others == whole[:-1]
    assert (found["is_readable"], found["before"], found["address"]) == (False, None, None)
    for name in ("position", "at", "actor", "act", "target", "org_id", "organization", "outcome", "event_id", "hash"):
        assert found[name] == whole[-1][name]
    await tamper(service_database, "update audit_entry set outcome = 'lost' where target = 'early'")
    assert (await get("/v1/audit"))["items"][-1]["outcome"] == "lost"


FILTERED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("all of the tenant, newest first", {}, ["late", "term", "refused", "early"]),
    ("who", {"actor": "user:8"}, ["refused"]),
    ("what", {"act": "license_term.pass"}, ["term"]),
    ("to what", {"target": "late"}, ["late"]),
    ("refused ones", {"outcome": "refused"}, ["refused"]),
    ("a unit and those below it", {"org_id": NORTH}, ["late", "early"]),
    ("from a time on", {"from_": day(2).isoformat()}, ["late", "term"]),
    ("until before a time", {"to": day(2).isoformat()}, ["refused", "early"]),
    ("all at once", {"org_id": NORTH, "actor": "user:7", "outcome": "done", "to": day(1).isoformat()}, ["early"]),
]


@pytest.mark.usefixtures("history")
async def test_acts_are_filtered(get: Ask) -> None:
    for story, query, found in FILTERED:
        assert named(await get("/v1/audit", **query)) == found, story


@pytest.mark.usefixtures("history")
async def test_a_page_goes_on_where_the_one_before_ended(get: Ask) -> None:
    for who, query in ((OPERATOR, {}), (OPERATOR, {"org_id": NORTH})):
        whole = (await get("/v1/audit", who=who, **query))["items"]
        assert await all_pages(get, "/v1/audit", who=who, limit=1, **query) == whole


@pytest.mark.usefixtures("history")
async def test_who_may_see_which_acts(get: Ask) -> None:
    assert named(await get("/v1/audit", who=LAB_REPORTER)) == ["early"]
    assert named(await get("/v1/audit", who=OPERATOR)) == ["late", "foreign", "term", "refused", "early"]
    assert status_of(await get("/v1/audit", who=LEARNER)) == 403
    assert status_of(await get("/v1/audit", org_id=ELSEWHERE)) == 404


async def test_a_filter_that_is_no_word_of_ours_is_refused(get: Ask) -> None:
    for query in ({"outcome": "maybe"}, {"actor": "a\x00"}, {"from_": "yesterday"}, {"cursor": "x"}):
        assert status_of(await get("/v1/audit", **query)) == 422
