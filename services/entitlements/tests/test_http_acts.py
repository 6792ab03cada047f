"""What administrators do by hand, over HTTP: withhold, lift, order the line, take what is too much, end, set."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient

from .people import ADMIN, LEARNER, NORTH_ADMIN, READER, WAITING, id_of
from .story import DISTRICT, NORTH, SOUTH, Entitlements, day, person, term

Bearer = Callable[..., dict[str, str]]

pytestmark = pytest.mark.usefixtures("people")


async def audit(entitlements: Entitlements) -> list[dict[str, Any]]:
    """What callers did, and what they were refused; not what the service does by itself."""
    by_itself = ("license_term.pass", "pool.reevaluate")
    return [fact for fact in await entitlements.told("audit.recorded") if fact["act"] not in by_itself]


async def test_withhold_and_lift(client: AsyncClient, bearer: Bearer, entitlements: Entitlements) -> None:
    url = f"/v1/seats/{id_of(LEARNER)}/learn"
    answer = await client.post(f"{url}:withhold", json={"note": "on leave"}, headers=bearer(NORTH_ADMIN))
    assert (answer.status_code, answer.json()["state"], answer.headers["ETag"]) == (200, "withheld", '"2"')
    explained = await client.get(
        "/v1/explain", params={"user_id": id_of(LEARNER), "product": "learn"}, headers=bearer(LEARNER)
    )
    assert explained.json()["code"] == "withheld"
    assert explained.json()["words"].endswith("since 2026-03-02: on leave.")
    assert [step["act"] for step in explained.json()["counterfactual"]["steps"]] == ["lift_block", "add_seats"]
    again = await client.post(f"{url}:withhold", json={"note": "twice"}, headers=bearer(NORTH_ADMIN))
    assert again.status_code == 409
    lifted = await client.post(f"{url}:lift", json={"note": "back"}, headers=bearer(NORTH_ADMIN))
    assert (lifted.status_code, lifted.json()["state"]) == (200, "waitlisted")
    done = [(fact["act"], fact["outcome"], (fact["after"] or {}).get("note")) for fact in await audit(entitlements)]
    assert done == [
        ("seat.withhold", "done", "on leave"),
        ("seat.withhold", "refused", None),
        ("seat.lift", "done", "back"),
    ]


@pytest.mark.parametrize(("caller", "status"), [(READER, 403), (LEARNER, 403)])
async def test_only_administrators_withhold(client: AsyncClient, bearer: Bearer, caller: int, status: int) -> None:
    answer = await client.post(f"/v1/seats/{id_of(LEARNER)}/learn:withhold", json={"note": "x"}, headers=bearer(caller))
    assert answer.status_code == status


async def test_another_units_administrator_sees_nobody_to_withhold_from(client: AsyncClient, bearer: Bearer) -> None:
    answer = await client.post(
        f"/v1/seats/{id_of(WAITING)}/learn:withhold", json={"note": "x"}, headers=bearer(NORTH_ADMIN)
    )
    assert answer.status_code == 404


async def test_a_note_is_needed(client: AsyncClient, bearer: Bearer) -> None:
    answer = await client.post(f"/v1/seats/{id_of(LEARNER)}/learn:withhold", json={"note": " "}, headers=bearer(ADMIN))
    assert answer.status_code == 422


async def test_the_line_is_ordered_by_hand(client: AsyncClient, bearer: Bearer, entitlements: Entitlements) -> None:
    await entitlements.hear(*(person(number, "learner", on=number) for number in (21, 22, 23)))
    pool = await entitlements.pool()
    url = f"/v1/pools/{pool.id}/waitlist"
    line = (await client.get(url, headers=bearer(ADMIN))).json()["items"]
    assert [(one["position"], one["user_id"]) for one in line] == [
        (place, id_of(number)) for place, number in enumerate((WAITING, 21, 22, 23), 1)
    ]
    assert [one["expected_at"] for one in line] == [None] * 4
    order = {"user_ids": [id_of(23), id_of(22)], "note": "they teach the course"}
    ordered = await client.put(url, json=order, headers=bearer(ADMIN))
    assert [one["user_id"] for one in ordered.json()["items"]] == [id_of(n) for n in (23, 22, WAITING, 21)]
    assert list(await entitlements.seats("waitlisted")) == [23, 22, WAITING, 21]
    first = await client.get(url, params={"limit": 1}, headers=bearer(ADMIN))
    second = await client.get(url, params={"limit": 1, "cursor": first.json()["next_cursor"]}, headers=bearer(ADMIN))
    assert [(one["position"], one["user_id"]) for one in second.json()["items"]] == [(2, id_of(22))]
    by_seat = await client.get("/v1/seats", params={"state": "waitlisted", "limit": 3}, headers=bearer(ADMIN))
    rest = await client.get(
        "/v1/seats",
        params={"state": "waitlisted", "limit": 3, "cursor": by_seat.json()["next_cursor"]},
        headers=bearer(ADMIN),
    )
    assert [one["user_id"] for one in by_seat.json()["items"] + rest.json()["items"]] == [
        id_of(number) for number in (23, 22, WAITING, 21)
    ]
    await entitlements.withhold(LEARNER)
    assert (await entitlements.claims(23))[-1] == ("promoted", "seat_freed")
    assert (await audit(entitlements))[0]["after"] == order


async def test_who_does_not_wait_can_not_be_put_first(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    pool = await entitlements.pool()
    for users, pointer in (([LEARNER], "/user_ids/0"), ([WAITING, WAITING], "/user_ids")):
        order = {"user_ids": [id_of(user) for user in users], "note": "x"}
        answer = await client.put(f"/v1/pools/{pool.id}/waitlist", json=order, headers=bearer(ADMIN))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_an_expected_date_comes_from_the_pace_and_from_terms(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    pool = await entitlements.pool()
    await entitlements.hear(*(person(number, "learner", on=number) for number in range(21, 31)))
    for number in range(1, 4):
        await entitlements.move_to(10 * number)
        await entitlements.hear(person(20 + number, version=2), person(LEARNER, "learner", on=-2, version=number + 1))
        await entitlements.withhold(max(await entitlements.seats("assigned")))
    line = (await client.get(f"/v1/pools/{pool.id}/waitlist", headers=bearer(ADMIN))).json()["items"]
    assert line[0]["expected_at"] is not None
    dates = [one["expected_at"] for one in line]
    assert dates == sorted(dates)
    explained = await client.get(
        "/v1/explain", params={"user_id": line[1]["user_id"], "product": "learn"}, headers=bearer(ADMIN)
    )
    assert (explained.json()["position"], explained.json()["expected_at"]) == (2, dates[1])


async def test_what_is_too_much_is_shown_then_taken(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements, system: dict[str, str]
) -> None:
    pool = await entitlements.pool()
    [bought] = (await client.get("/v1/license-terms", headers=system)).json()["items"]
    lowered = await client.patch(f"/v1/license-terms/{bought['id']}", json={"seats": 2}, headers=system)
    assert lowered.status_code == 200
    url = f"/v1/pools/{pool.id}/excess"
    shown = (await client.get(url, headers=bearer(ADMIN))).json()
    assert (shown["seats"], {policy: len(who) for policy, who in shown["under"].items()}) == (
        1,
        {"last_assigned": 1, "least_recently_active": 1},
    )
    stale = await client.post(
        f"{url}:release", json={"policy": "last_assigned", "note": "x", "seats": 2}, headers=bearer(ADMIN)
    )
    assert (stale.status_code, "1 seats" in stale.json()["detail"]) == (409, True)
    taken = await client.post(
        f"{url}:release", json={"policy": "last_assigned", "note": "fewer"}, headers=bearer(ADMIN)
    )
    [user] = taken.json()["user_ids"]
    assert user == shown["under"]["last_assigned"][0]["user_id"]
    assert (await entitlements.claims(UUID(user).int - 1_000))[-1] == ("waitlisted", "capacity_lowered")
    again = await client.post(f"{url}:release", json={"policy": "last_assigned", "note": "x"}, headers=bearer(ADMIN))
    assert again.status_code == 409
    assert (await client.get(url, headers=bearer(NORTH_ADMIN))).status_code == 404


async def test_a_term_is_ended(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements, system: dict[str, str]
) -> None:
    bought = await entitlements.buy(term(9, org=NORTH))
    url = f"/v1/license-terms/{bought.id}:end"
    assert (await client.post(url, headers=bearer(ADMIN))).status_code == 403
    ended = await client.post(url, headers=system)
    assert (ended.status_code, ended.json()["state"], ended.json()["ended_at"] is None) == (200, "ended", False)
    assert (await entitlements.pool(NORTH)).license_state == "ended"
    assert (await client.post(url, headers=system)).status_code == 409


async def test_notices_are_set_and_inherited(client: AsyncClient, bearer: Bearer, entitlements: Entitlements) -> None:
    setting = {"org_id": str(DISTRICT), "notice_days": [10, 40, 10]}
    answer = await client.put("/v1/settings", json=setting, headers=bearer(ADMIN))
    assert answer.status_code == 200
    own = await client.get("/v1/settings", params={"org_id": str(SOUTH)}, headers=bearer(READER))
    assert {one["product"]: (one["notice_days"], one["set_by"]) for one in own.json()["items"]} == {
        "learn": ([40, 10], str(DISTRICT)),
        "observe": ([40, 10], str(DISTRICT)),
    }
    unknown = await client.put("/v1/settings", json={**setting, "product": "chess"}, headers=bearer(ADMIN))
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/product")
    elsewhere = await client.put("/v1/settings", json=setting, headers=bearer(NORTH_ADMIN))
    assert elsewhere.status_code == 404
    await client.put("/v1/settings", json={**setting, "notice_days": None}, headers=bearer(ADMIN))
    inherited = await client.get("/v1/settings", params={"org_id": str(SOUTH)}, headers=bearer(READER))
    assert inherited.json()["items"][0]["notice_days"] == [90, 60, 30, 14, 7, 1]
    assert [fact["act"] for fact in await audit(entitlements)] == ["settings.set"] * 4
    assert day(0) == entitlements.clock.now()


async def test_an_order_and_a_setting_that_others_have_changed_since_are_not_overwritten(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    pool = await entitlements.pool()
    for url, query, bodies in (
        (
            f"/v1/pools/{pool.id}/waitlist",
            {},
            [{"user_ids": [id_of(WAITING)], "note": "x"}, {"user_ids": [], "note": "y"}],
        ),
        (
            "/v1/settings",
            {"org_id": str(SOUTH)},
            [{"org_id": str(SOUTH), "notice_days": [days]} for days in (5, 6)],
        ),
    ):
        read = (await client.get(url, params=query, headers=bearer(ADMIN))).headers["etag"]
        guarded = {**bearer(ADMIN), "If-Match": read}
        first, late = [await client.put(url, json=body, headers=guarded) for body in bodies]
        assert (first.status_code, late.status_code) == (200, 412), url
        again = await client.get(url, params=query, headers=bearer(ADMIN))
        assert again.headers["etag"] == first.headers["etag"] != read
        fresh = {**bearer(ADMIN), "If-Match": again.headers["etag"]}
        assert (await client.put(url, json=bodies[1], headers=fresh)).status_code == 200
