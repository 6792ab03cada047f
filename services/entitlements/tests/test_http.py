"""Entitlements over HTTP: who may do and see what, and what is answered (interfaces: HTTP conventions, Roles)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from asyncpg import InsufficientPrivilegeError
from httpx import AsyncClient, Response

from usher_entitlements.store.checks import connections_for_checks
from usher_entitlements.use_cases.reevaluate import reevaluate
from usher_kit.errors import Unavailable

from .people import ADMIN, LEARNER, NORTH_ADMIN, READER, WAITING, id_of
from .story import DISTRICT, ELSEWHERE, SOUTH, START, Entitlements, day, organization, person, term

Bearer = Callable[..., dict[str, str]]


def purchase(**values: Any) -> dict[str, Any]:
    return {
        "org_id": str(DISTRICT),
        "product": "learn",
        "seats": 3,
        "starts_at": START.isoformat(),
        "ends_at": day(365).isoformat(),
        **values,
    }


async def test_the_catalogue_starts_with_learn_and_observe(client: AsyncClient, system: dict[str, str]) -> None:
    answer = await client.get("/v1/products", headers=system)
    assert [item["product"] for item in answer.json()["items"]] == ["learn", "observe"]
    added = await client.post("/v1/products", headers=system, json={"product": "coach", "name": "Coach"})
    assert added.status_code == 201
    again = await client.post("/v1/products", headers=system, json={"product": "coach", "name": "Coach"})
    assert (again.status_code, again.json()["title"]) == (409, "In conflict with the current state")


@pytest.mark.usefixtures("people")
async def test_only_a_system_administrator_makes_terms(
    client: AsyncClient, bearer: Bearer, system: dict[str, str]
) -> None:
    refused = await client.post("/v1/license-terms", headers=bearer(ADMIN), json=purchase())
    assert refused.status_code == 403
    made = await client.post("/v1/license-terms", headers=system, json=purchase(seats=2))
    assert (made.status_code, made.json()["state"], made.headers["etag"]) == (201, "active", '"1"')
    listed = await client.get("/v1/license-terms", headers=bearer(ADMIN))
    assert made.json()["id"] in [item["id"] for item in listed.json()["items"]]
    school = await client.get(f"/v1/license-terms/{made.json()['id']}", headers=bearer(NORTH_ADMIN))
    assert school.status_code == 404


@pytest.mark.usefixtures("people")
async def test_a_purchase_with_the_same_key_is_entered_once(client: AsyncClient, system: dict[str, str]) -> None:
    headers = {**system, "Idempotency-Key": "order-7"}
    first, second = [await client.post("/v1/license-terms", headers=headers, json=purchase()) for _ in range(2)]
    assert (second.status_code, second.json()) == (201, first.json())
    other = await client.post("/v1/license-terms", headers=headers, json=purchase(seats=9))
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"product": "chess"}, "/product"),
        ({"ends_at": START.isoformat()}, "/ends_at"),
        ({"seats": -1}, "/body/seats"),
        ({"overage": "some"}, "/body/overage"),
        ({"starts_at": "2026-03-02T12:00:00"}, "/body/starts_at"),
        ({"starts_at": "1000-03-02T12:00:00Z"}, "/body/starts_at"),
        ({"colour": "red"}, "/body/colour"),
    ],
)
async def test_a_wrong_purchase_is_refused_with_its_place(
    client: AsyncClient, system: dict[str, str], values: dict[str, Any], pointer: str
) -> None:
    answer = await client.post("/v1/license-terms", headers=system, json=purchase(**values))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointer.removeprefix("/body") in [
        error["pointer"].removeprefix("/body") for error in answer.json()["errors"]
    ]


async def test_a_purchase_for_an_organization_not_known_says_so(client: AsyncClient, system: dict[str, str]) -> None:
    answer = await client.post("/v1/license-terms", headers=system, json=purchase(org_id=str(ELSEWHERE)))
    assert answer.status_code == 404


@pytest.mark.usefixtures("people")
async def test_raising_the_seats_of_a_term_seats_who_waits(
    client: AsyncClient, bearer: Bearer, system: dict[str, str]
) -> None:
    [known] = (await client.get("/v1/license-terms", headers=bearer(ADMIN))).json()["items"]
    path = f"/v1/license-terms/{known['id']}"
    stale = await client.patch(path, headers={**system, "If-Match": '"7"'}, json={"seats": 4})
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:usher:problem:stale")
    raised = await client.patch(path, headers={**system, "If-Match": '"1"'}, json={"seats": 4})
    assert (raised.status_code, raised.json()["seats"], raised.headers["etag"]) == (200, 4, '"2"')
    seats = await client.get("/v1/seats", headers=bearer(ADMIN), params={"product": "learn", "user_id": id_of(WAITING)})
    assert [(s["state"], s["reason"]) for s in seats.json()["items"]] == [("assigned", "capacity_raised")]


@pytest.mark.usefixtures("people")
async def test_everybody_sees_what_is_theirs_to_see(client: AsyncClient, bearer: Bearer) -> None:
    async def seen(who: int, **query: Any) -> set[int]:
        answer = await client.get("/v1/seats", headers=bearer(who), params=query)
        return {UUID(item["user_id"]).int - 1_000 for item in answer.json()["items"]}

    assert await seen(ADMIN) == {ADMIN, NORTH_ADMIN, LEARNER, WAITING}
    assert await seen(ADMIN, org_id=str(SOUTH)) == {WAITING}
    assert await seen(NORTH_ADMIN) == {NORTH_ADMIN, LEARNER}
    assert await seen(READER) == {WAITING}
    for path, who, status in [
        ("/v1/seats", LEARNER, 403),
        (f"/v1/seats?org_id={SOUTH}", NORTH_ADMIN, 404),
        ("/v1/pools", LEARNER, 403),
        ("/v1/license-terms", LEARNER, 403),
        ("/v1/doctor", ADMIN, 403),
        (f"/v1/users/{id_of(LEARNER)}/seats", LEARNER, 200),
        (f"/v1/users/{id_of(WAITING)}/seats", LEARNER, 403),
        (f"/v1/users/{id_of(WAITING)}/seats", NORTH_ADMIN, 404),
        (f"/v1/explain?user_id={id_of(LEARNER)}&product=learn", LEARNER, 200),
        (f"/v1/explain?user_id={id_of(WAITING)}&product=learn", LEARNER, 403),
        (f"/v1/check?user_id={id_of(WAITING)}&product=learn", LEARNER, 403),
    ]:
        assert (await client.get(path, headers=bearer(who))).status_code == status, path


@pytest.mark.usefixtures("people")
async def test_one_tenant_sees_nothing_of_another(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    await entitlements.hear(
        organization(ELSEWHERE, None, tenant=ELSEWHERE), person(9, "org_admin", org=ELSEWHERE, tenant=ELSEWHERE)
    )
    stranger = bearer(9, tenant=ELSEWHERE)
    for path in ("/v1/seats", "/v1/pools", "/v1/license-terms"):
        assert (await client.get(path, headers=stranger)).json()["items"] == []
    explained = await client.get("/v1/explain", headers=stranger, params={"user_id": id_of(4), "product": "learn"})
    assert explained.json()["code"] == "unknown_user"


@pytest.mark.usefixtures("people")
async def test_pages_follow_each_other_and_those_who_wait_come_in_order_of_place(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    await entitlements.hear(*(person(20 + n, "learner", on=50 - n) for n in range(5)))

    async def pages(**query: Any) -> list[int]:
        found: list[int] = []
        cursor: str | None = None
        while True:
            params = {"limit": 2, **query, **({"cursor": cursor} if cursor else {})}
            page = (await client.get("/v1/seats", headers=bearer(ADMIN), params=params)).json()
            found += [UUID(item["user_id"]).int - 1_000 for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    assert await pages(state="waitlisted") == [WAITING, 24, 23, 22, 21, 20]
    assert await pages(product="learn") == [ADMIN, NORTH_ADMIN, LEARNER, WAITING, 20, 21, 22, 23, 24]
    broken = await client.get("/v1/seats", headers=bearer(ADMIN), params={"cursor": "WzEsMl0"})
    assert broken.status_code == 422


@pytest.mark.usefixtures("people")
async def test_pools_are_shown_with_their_figures(client: AsyncClient, bearer: Bearer) -> None:
    [pool] = (await client.get("/v1/pools", headers=bearer(ADMIN))).json()["items"]
    assert {name: pool[name] for name in ("capacity", "assigned", "available", "waitlisted", "license_state")} == {
        "capacity": 3,
        "assigned": 3,
        "available": 0,
        "waitlisted": 1,
        "license_state": "active",
    }
    assert (await client.get("/v1/pools", headers=bearer(NORTH_ADMIN))).json()["items"] == []
    [serving] = (await client.get("/v1/pools/serving", headers=bearer(NORTH_ADMIN))).json()["items"]
    assert serving["id"] == pool["id"]


@pytest.mark.usefixtures("people")
async def test_rules_are_set_by_who_administers_the_tenant(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    defaults = (await client.get("/v1/grant-rules", headers=bearer(LEARNER))).json()["items"]
    assert {(rule["role"], rule["product"]) for rule in defaults} >= {("learner", "learn"), ("observer", "observe")}
    assert all(rule["is_default"] and rule["active"] for rule in defaults)
    rules = {
        "rules": [{"role": "reporter", "product": "learn"}, {"role": "learner", "product": "learn", "priority": 1}]
    }
    assert (await client.put("/v1/grant-rules", headers=bearer(NORTH_ADMIN), json=rules)).status_code == 404
    assert (await client.put("/v1/grant-rules", headers=bearer(LEARNER), json=rules)).status_code == 403
    answer = await client.put("/v1/grant-rules", headers=bearer(ADMIN), json=rules)
    active = {(rule["role"], rule["product"], rule["priority"]) for rule in answer.json()["items"] if rule["active"]}
    assert active == {("reporter", "learn", 0), ("learner", "learn", 1)}
    await entitlements.work_off_lists()
    assert await entitlements.seats("assigned") == {READER: "assigned", LEARNER: "assigned", WAITING: "assigned"}


@pytest.mark.usefixtures("people")
async def test_a_dry_run_tells_what_rules_would_do_and_does_nothing(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    read = await client.get("/v1/grant-rules", headers=bearer(ADMIN))
    before = await entitlements.seats()
    wanted = {"rules": [{"role": "learner", "product": "learn"}]}

    async def put(**headers: str) -> Response:
        asked = {"dry_run": "true"}
        return await client.put("/v1/grant-rules", params=asked, headers={**bearer(ADMIN), **headers}, json=wanted)

    assert (await put()).json()["totals"] == {"learn": {"gains": 1, "loses": 2}}
    assert (await put(**{"If-Match": '"7"'})).status_code == 412
    await entitlements.work_off_lists()
    assert await entitlements.seats() == before
    again = await client.get("/v1/grant-rules", headers=bearer(ADMIN))
    assert (again.json(), again.headers["etag"]) == (read.json(), read.headers["etag"])


@pytest.mark.usefixtures("people")
async def test_a_change_of_rules_tells_how_far_it_is(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    async def progress(who: int = ADMIN) -> Any:
        answer = await client.get("/v1/grant-rules/progress", headers=bearer(who))
        return answer.json() if answer.status_code == 200 else answer.status_code

    assert await progress() == {
        "config_version": None, "people": 0, "done": 0, "started_at": None, "estimated_end": None
    }  # fmt: skip
    wanted = {"rules": [{"role": "learner", "product": "learn"}]}
    await client.put("/v1/grant-rules", headers=bearer(ADMIN), json=wanted)
    begun = await progress()
    started = entitlements.clock.now()
    assert (begun["people"], begun["done"], begun["estimated_end"]) == (2, 0, None)
    assert datetime.fromisoformat(begun["started_at"]) == started
    [pool] = (await client.get("/v1/pools", headers=bearer(ADMIN))).json()["items"]
    entitlements.clock.move_to(started + timedelta(seconds=30))
    async with entitlements.database.transaction([DISTRICT]) as conn:
        await reevaluate(conn, DISTRICT, UUID(pool["id"]), entitlements.clock.now(), most=1)
    halfway = await progress()
    assert (halfway["done"], halfway["config_version"]) == (1, begun["config_version"])
    assert datetime.fromisoformat(halfway["estimated_end"]) == started + timedelta(seconds=60)
    await entitlements.work_off_lists()
    over = await progress(READER)
    assert (over["done"], over["estimated_end"]) == (2, None)
    assert await progress(LEARNER) == 403


@pytest.mark.usefixtures("people")
async def test_rules_that_somebody_else_has_set_since_are_not_overwritten(client: AsyncClient, bearer: Bearer) -> None:
    read = (await client.get("/v1/grant-rules", headers=bearer(LEARNER))).headers["etag"]

    async def put(if_match: str, *roles: str) -> Response:
        rules = [{"role": role, "product": "learn"} for role in roles]
        headers = {**bearer(ADMIN), "If-Match": if_match}
        return await client.put("/v1/grant-rules", headers=headers, json={"rules": rules})

    first = await put(read, "learner", "observer")
    late = await put(read, "learner")
    assert (first.status_code, late.status_code) == (200, 412)
    assert late.json()["detail"].startswith(f"The change is based on {read}, and this is at {first.headers['etag']}")
    again = await client.get("/v1/grant-rules", headers=bearer(LEARNER))
    assert (again.headers["etag"], again.json()) == (first.headers["etag"], first.json())
    assert (await put(again.headers["etag"], "learner")).status_code == 200
    assert (await put("*", "reporter")).status_code == 200


@pytest.mark.usefixtures("people")
async def test_a_rule_for_an_unknown_product_or_twice_is_refused(client: AsyncClient, bearer: Bearer) -> None:
    for rules, pointer in [
        ([{"role": "learner", "product": "chess"}], "/rules/0/product"),
        ([{"role": "learner", "product": "learn"}] * 2, "/rules/1"),
    ]:
        answer = await client.put("/v1/grant-rules", headers=bearer(ADMIN), json={"rules": rules})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.usefixtures("people")
async def test_a_products_client_may_check_and_nothing_else(client: AsyncClient, bearer: Bearer) -> None:
    product = bearer("learn-app", scope="check")
    for number, allowed, state in [(LEARNER, True, "assigned"), (WAITING, False, "waitlisted"), (99, False, "none")]:
        answer = await client.get("/v1/check", headers=product, params={"user_id": id_of(number), "product": "learn"})
        assert (answer.json()["allowed"], answer.json()["state"]) == (allowed, state)
    for path in ("/v1/seats", f"/v1/explain?user_id={id_of(LEARNER)}&product=learn", "/v1/pools", "/v1/doctor"):
        assert (await client.get(path, headers=product)).status_code == 403, path


@pytest.mark.usefixtures("people")
async def test_an_administrator_checks_their_own_people_and_anybody_themselves(
    client: AsyncClient, bearer: Bearer, system: dict[str, str], entitlements: Entitlements
) -> None:
    async def status(whom: int, headers: dict[str, str]) -> tuple[int, object]:
        answer = await client.get("/v1/check", headers=headers, params={"user_id": id_of(whom), "product": "learn"})
        return answer.status_code, answer.json().get("state")

    await entitlements.hear(organization(ELSEWHERE, None, tenant=ELSEWHERE))
    await entitlements.hear(person(50, "org_admin", org=ELSEWHERE, tenant=ELSEWHERE))
    stranger = bearer(50, tenant=ELSEWHERE)
    assert await status(LEARNER, bearer(LEARNER)) == (200, "assigned")
    assert await status(LEARNER, bearer(NORTH_ADMIN)) == (200, "assigned")
    assert await status(WAITING, bearer(NORTH_ADMIN)) == (404, None)
    assert await status(WAITING, bearer(ADMIN)) == (200, "waitlisted")
    assert await status(LEARNER, stranger) == (404, None)
    assert await status(99, stranger) == (404, None), "as for who is nowhere"
    assert await status(50, stranger) == (200, "none")
    assert await status(LEARNER, system) == (200, "assigned")


@pytest.mark.usefixtures("people")
async def test_a_tenants_machine_checks_its_own_people_and_nobody_else_is_there(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    await entitlements.hear(organization(ELSEWHERE, None, tenant=ELSEWHERE))
    await entitlements.hear(person(50, "learner", org=ELSEWHERE, tenant=ELSEWHERE))
    machine = bearer("hr", scope="check", client_tenant=str(DISTRICT), client_org=str(DISTRICT))

    async def asked(whom: int) -> tuple[int, object]:
        answer = await client.get("/v1/check", headers=machine, params={"user_id": id_of(whom), "product": "learn"})
        return answer.status_code, answer.json().get("state") or answer.json()["detail"]

    assert await asked(LEARNER) == (200, "assigned")
    assert await asked(WAITING) == (200, "waitlisted")
    assert (await asked(50))[0] == 404
    assert await asked(50) == await asked(99), "another tenant's is as who is nowhere"
    for path in ("/v1/seats", "/v1/pools", "/v1/doctor", "/v1/grant-rules"):
        assert (await client.get(path, headers=machine)).status_code == 403, path


async def test_who_reads_checks_reads_a_little_of_every_tenant_and_writes_nothing(service_database: str) -> None:
    async with connections_for_checks(service_database, 1) as checks, checks.pool.acquire() as connection:
        await connection.execute("select tenant_id, user_id, product, pool_id, state from seat")
        for refused in (
            "select reason from seat",
            "select roles from person",
            "select id from license_term",
            "update seat set state = 'assigned'",
            "delete from person",
        ):
            with pytest.raises(InsufficientPrivilegeError):
                await connection.execute(refused)


async def test_a_check_tells_that_the_database_is_away() -> None:
    async with connections_for_checks("postgresql://usher@127.0.0.1:1/usher", 1) as checks:
        with pytest.raises(Unavailable):
            await checks.find(UUID(int=1), "learn")


async def test_a_check_looks_at_the_dates_though_the_passage_is_late(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    await entitlements.buy(term(1, ends=100, grace=10))
    await entitlements.hear(person(LEARNER, "learner"))

    async def allowed() -> bool:
        asked = {"user_id": id_of(LEARNER), "product": "learn"}
        answer = await client.get("/v1/check", headers=bearer("learn-app", scope="check"), params=asked)
        return bool(answer.json()["allowed"])

    entitlements.clock.move_to(day(110) - timedelta(seconds=1))
    assert await allowed()
    entitlements.clock.move_to(day(110))
    assert not await allowed()
    assert await entitlements.seats() == {LEARNER: "assigned"}


@pytest.mark.usefixtures("people")
async def test_administrative_acts_are_written_down_refused_ones_too(
    client: AsyncClient, bearer: Bearer, system: dict[str, str], entitlements: Entitlements
) -> None:
    await client.post("/v1/license-terms", headers=system, json=purchase())
    await client.post("/v1/license-terms", headers=bearer(ADMIN), json=purchase())
    acts = [act for act in await entitlements.told("audit.recorded") if act["attributes"]["actor"] != "system"]
    assert [(act["act"], act["outcome"]) for act in acts] == [
        ("license_term.create", "done"),
        ("license_term.create", "refused"),
    ]
    assert acts[0]["after"]["seats"] == 3


@pytest.mark.usefixtures("people")
async def test_the_doctor_finds_what_was_broken(
    client: AsyncClient, system: dict[str, str], entitlements: Entitlements
) -> None:
    async def findings() -> dict[str, list[str]]:
        answer = (await client.get("/v1/doctor", headers=system)).json()
        return {one["code"]: one["offenders"] for one in answer["findings"]}

    assert await findings() == {"I1": [], "I2": [], "I3": [], "I4": []}
    await entitlements.write(
        "update seat set state = 'released', assigned_since = null where user_id = :user",
        user=UUID(int=1_000 + LEARNER),
    )
    found = await findings()
    assert len(found["I1"]) == len(found["I3"]) == 1
    await entitlements.write("update pool set assigned = 2")
    assert (await findings())["I4"] != []
    await entitlements.write("update person set status = 'archived' where id = :user", user=UUID(int=1_000 + WAITING))
    assert any("archived" in offender for offender in (await findings())["I3"])
    tenants = (await client.get("/v1/doctor", headers=system)).json()["tenants"]
    assert [(one["tenant_id"], one["seats"]) for one in tenants if one["seats"]] == [
        (str(DISTRICT), {"assigned": 2, "released": 1, "waitlisted": 1})
    ]
