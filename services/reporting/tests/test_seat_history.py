"""A seat's whole history over HTTP: each version in order with its cause, and who may read it."""

from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from usher_contracts.envelope import Event
from usher_kit.versions import EPOCH_SIZE

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages, status_of
from .story import ANN, BOB, CAL, DISTRICT, ELSEWHERE, LAB, NORTH, SOUTH, Reporting, day, person, pool_id, seat

STATES = ("waitlisted", "assigned", "withheld", "assigned", "suspended", "assigned", "released")
CLAIMS = ("waitlisted", "promoted", "withheld", "assigned", "suspended", "restored", "released")
REASONS = ("role_granted", "seat_freed", "manual", "manual", "license_expired", "license_renewed", "role_revoked")


def life(who: UUID = ANN, *, product: str = "learn") -> list[Event[Any]]:
    """All that can happen to a seat, a day each; the person moves from South to North in between."""
    before = ("none", *STATES)
    told: Any = zip(STATES, CLAIMS, REASONS, before, strict=False)
    return [
        seat(
            who,
            state,
            product=product,
            org=SOUTH if version < 4 else NORTH,
            claim=claim,
            reason=reason,
            came_from=came_from,
            at=day(version),
            version=version,
        )
        for version, (state, claim, reason, came_from) in enumerate(told, 1)
    ]


def url(who: UUID = ANN, product: str = "learn") -> str:
    return f"/v1/users/{who}/seats/{product}/history"


@pytest.fixture
async def history(district: Reporting) -> Reporting:
    """Ann, now of North, with a whole life of a seat heard in no order; Bob of the lab; Cal of another tenant."""
    facts = [*life(), *life(product="observe")[:1], *life(BOB)[:2]]
    Random(7).shuffle(facts)
    await district.hear(person(ANN, NORTH), person(BOB, LAB), person(CAL, ELSEWHERE, tenant=ELSEWHERE))
    await district.hear(*facts)
    await district.hear(seat(CAL, org=ELSEWHERE, tenant=ELSEWHERE, pool_of=ELSEWHERE))
    return district


@pytest.mark.usefixtures("history")
async def test_every_version_is_there_in_order_with_its_cause(get: Ask) -> None:
    items = (await get(url()))["items"]
    assert [one["version"] for one in items] == list(range(1, len(STATES) + 1))
    for name, expected in (("state", STATES), ("kind", CLAIMS), ("reason", REASONS)):
        assert tuple(one[name] for one in items) == expected
    assert [one["from_state"] for one in items] == ["none", *STATES[:-1]]
    assert [one["org_id"] for one in items] == [str(SOUTH)] * 3 + [str(NORTH)] * 4, "where the person was then"
    for one in items:
        assert UUID(one["message_id"]).version == 7
        assert one["pool_id"] == str(pool_id(DISTRICT, "learn"))
        assert (one["actor"], one["causation_id"], one["changeset"]) == ("user:1", "cause-1", "import-1")
        assert one["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.usefixtures("history")
async def test_pages_follow_each_other(get: Ask) -> None:
    assert await all_pages(get, url(), limit=3) == (await get(url()))["items"]
    assert status_of(await get(url(), cursor="bm8")) == 422


@pytest.mark.usefixtures("history")
async def test_who_may_read_it(get: Ask) -> None:
    for who in (ANN, OPERATOR):
        assert len((await get(url(), who=who))["items"]) == len(STATES), "their own, and every one"
    assert len((await get(url(BOB), who=LAB_REPORTER))["items"]) == 2
    assert status_of(await get(url(ANN), who=LEARNER)) == 403
    assert (await get(url(ANN, "coach")))["items"] == [], "never had one"


@pytest.mark.usefixtures("history")
async def test_nobody_else_can_even_tell_that_there_is_one(get: Ask) -> None:
    answers = [await get(url(who), who=asker) for who, asker in ((ANN, LAB_REPORTER), (CAL, LAB_REPORTER))]
    unknown = await get(url(uuid4()), who=LAB_REPORTER)
    assert [answer.status_code for answer in (*answers, unknown)] == [404] * 3
    assert {answer.json()["detail"] for answer in answers} == {unknown.json()["detail"]}
    assert status_of(await get(url(CAL))) == 404, "another tenant's, to the district's administrator"


async def test_what_a_restore_undid_is_there_and_marked(district: Reporting, get: Ask) -> None:
    await district.hear(person(ANN, NORTH))
    first, second = life()[:2]
    again = seat(ANN, "released", reason="role_revoked", at=day(3), version=EPOCH_SIZE + 2, previous=1)
    await district.hear(first, second, again)
    items = (await get(url()))["items"]
    assert [(one["version"], one["is_void"]) for one in items] == [(1, False), (2, True), (EPOCH_SIZE + 2, False)]
