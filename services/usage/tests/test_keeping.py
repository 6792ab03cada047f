"""Keeping a seat over HTTP: by a mail's link, whoever has it, and signed in, for oneself or whom one administers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import orjson
import pytest
from httpx import AsyncClient

from usher_kit.links import SeatLink, sign

from .conftest import SECRET
from .story import ANN, BOB, DISTRICT, NORTH, SOUTH, Usage, day, login, organization, person, seat
from .test_reclaiming import midnight

ADMIN, NEIGHBOR = UUID(int=201), UUID(int=202)
Bearer = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
async def district(usage: Usage) -> None:
    """Ann has been warned, and was to lose her seat on May 2nd."""
    await usage.hear(organization(DISTRICT, None), organization(NORTH), organization(SOUTH))
    await usage.set_policy(warn=20, window=30, reclaim=60)
    await usage.hear(person(ANN), person(BOB), seat(ANN), login(ANN, day(0)))
    await usage.hear(person(ADMIN, role="org_admin"), person(NEIGHBOR, SOUTH, role="org_admin"))
    await usage.reach(midnight(4, 20))


LATER = day(70)


def link(user: UUID = ANN, product: str = "learn", until: datetime = LATER) -> str:
    return f"/v1/keeps/{sign(SeatLink(DISTRICT, user, product), SECRET, until)}"


async def test_opening_a_link_shows_the_seat_and_changes_nothing(usage: Usage, client: AsyncClient) -> None:
    told = len(await usage.told())
    for _ in range(2):
        answer = await client.get(link())
    assert answer.json() == {
        "product": "learn",
        "organization": "Unit 2",
        "time_zone": "UTC",
        "state": "held",
        "activity": "inactive",
        "last_login_at": "2026-03-02T12:00:00Z",
        "reclaim_due": "2026-05-02T00:00:00Z",
        "kept_until": None,
    }
    assert len(await usage.told()) == told


async def test_its_button_keeps_the_seat_again_and_again(usage: Usage, client: AsyncClient) -> None:
    for _ in range(2):
        answer = (await client.post(link())).json()
        assert (answer["kept_until"], answer["reclaim_due"]) == ("2026-05-21T00:00:00Z", None)
    assert (await usage.last()).kept_until == midnight(5, 21)
    told = await usage.rows("select attributes from outbox where routing_key = 'usage.seat_activity.changed.v1'"
                            " order by id desc limit 1")  # fmt: skip
    assert orjson.loads(told[0].attributes)["actor"] == f"user:{ANN}"
    acts = [
        orjson.loads(row.body) for row in await usage.rows("select body from outbox where routing_key like '%audit%'")
    ]
    assert [(act["act"], act["target"], act["after"]["by"]) for act in acts] == [
        ("seat.keep", f"{ANN}/learn", "link")
    ] * 2


async def test_the_policy_says_for_how_long(usage: Usage, client: AsyncClient, bearer: Bearer) -> None:
    policy = {"org_id": str(DISTRICT), "product": "learn", "window_days": 30, "reclaim_days": 60, "keep_days": 90}
    assert (await client.put("/v1/policies", json=policy, headers=bearer(UUID(int=9)))).status_code == 401
    await usage.hear(person(UUID(int=9), DISTRICT, role="org_admin"))
    assert (await client.put("/v1/policies", json=policy, headers=bearer(UUID(int=9)))).status_code == 200
    assert (await client.post(link())).json()["kept_until"] == "2026-07-20T00:00:00Z"


@pytest.mark.parametrize(
    ("story", "address", "status"),
    [
        ("its time is over", link(until=day(10)), 410),
        ("a letter is missing", link()[:-2], 404),
        ("of a seat that nobody had", link(BOB), 404),
        ("of another product", link(product="observe"), 404),
    ],
)
async def test_a_link_that_is_no_good(usage: Usage, client: AsyncClient, story: str, address: str, status: int) -> None:
    told = len(await usage.told())
    assert [(await client.get(address)).status_code, (await client.post(address)).status_code] == [status] * 2, story
    assert len(await usage.told()) == told


async def test_a_seat_that_was_taken_back_cannot_be_kept(usage: Usage, client: AsyncClient) -> None:
    at = midnight(5, 2) + timedelta(hours=2)
    usage.clock.move_to(at)
    await usage.hear(seat(ANN, at, state="released", from_state="assigned", reason="inactivity", version=2))
    assert (await client.get(link())).json()["state"] == "reclaimed"
    assert (await client.post(link())).status_code == 409


@pytest.mark.parametrize(
    ("who", "whose", "status"),
    [(ANN, ANN, 200), (ADMIN, ANN, 200), (BOB, ANN, 403), (NEIGHBOR, ANN, 404), (BOB, BOB, 404)],
)
async def test_who_may_keep_whose_seat(
    usage: Usage, client: AsyncClient, bearer: Bearer, who: UUID, whose: UUID, status: int
) -> None:
    answer = await client.post(f"/v1/activity/{whose}/learn:keep", headers=bearer(who))
    assert answer.status_code == status
    assert ((await usage.last()).kept_until is not None) == (status == 200)
