"""Usage over HTTP: who may see what, pages, policies, the doctor."""

from collections.abc import Callable
from uuid import UUID

import orjson
import pytest
from httpx import AsyncClient

from usher_contracts.envelope import OPERATORS_TENANT

from .story import ANN, BOB, DISTRICT, ELSEWHERE, NORTH, SOUTH, START, Usage, day, login, organization, person, seat

ADMIN, REPORTER, OPERATOR, STRANGER = (UUID(int=number) for number in (201, 202, 203, 204))
Bearer = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
async def district(usage: Usage) -> None:
    await usage.hear(
        organization(DISTRICT, None),
        organization(NORTH),
        organization(SOUTH),
        organization(ELSEWHERE, None, tenant=ELSEWHERE),
        organization(OPERATORS_TENANT, None, tenant=OPERATORS_TENANT),
        person(ADMIN, DISTRICT, role="org_admin"),
        person(REPORTER, NORTH, role="reporter"),
        person(ANN, NORTH),
        person(BOB, SOUTH),
        person(STRANGER, ELSEWHERE, role="org_admin", tenant=ELSEWHERE),
        person(OPERATOR, OPERATORS_TENANT, role="system_admin", tenant=OPERATORS_TENANT),
    )
    await usage.hear(seat(ANN), seat(ANN, product="observe"), seat(BOB, day(-3), org=SOUTH), login(ANN, day(0)))
    await usage.hear(login(ADMIN, day(-4), org=DISTRICT))
    await usage.reach(START)


@pytest.mark.parametrize(
    ("story", "who", "tenant", "asked", "seen"),
    [
        ("an administrator sees the units", ADMIN, DISTRICT, None, [ANN, ANN, BOB]),
        ("one unit when asked for", ADMIN, DISTRICT, SOUTH, [BOB]),
        ("a reporter sees their school", REPORTER, DISTRICT, None, [ANN, ANN]),
        ("a system administrator sees all", OPERATOR, OPERATORS_TENANT, None, [ANN, ANN, BOB]),
        ("another tenant's administrator sees nothing", STRANGER, ELSEWHERE, None, []),
    ],
)
async def test_who_sees_whose_activity(
    client: AsyncClient, bearer: Bearer, story: str, who: UUID, tenant: UUID, asked: UUID | None, seen: list[UUID]
) -> None:
    answer = await client.get(
        "/v1/activity", params={"org_id": str(asked)} if asked else {}, headers=bearer(who, tenant=tenant)
    )
    assert [UUID(item["user_id"]) for item in answer.json()["items"]] == seen, story


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        (ANN, "/v1/activity", 403),
        (ANN, "/v1/inactive-seats", 403),
        (ANN, f"/v1/activity/{ANN}", 200),
        (ANN, f"/v1/activity/{BOB}", 403),
        (REPORTER, f"/v1/activity/{ANN}", 200),
        (REPORTER, f"/v1/activity/{BOB}", 404),
        (REPORTER, f"/v1/activity?org_id={DISTRICT}", 404),
        (ADMIN, "/v1/activity?activity=asleep", 422),
        (ADMIN, "/v1/activity?cursor=WzEsMl0", 422),
        (ADMIN, "/v1/inactive-seats?cursor=WzEsMiwzXQ", 422),
        (ADMIN, f"/v1/policies?org_id={ELSEWHERE}", 404),
        (ADMIN, "/v1/doctor", 403),
    ],
)
async def test_what_may_not_be_seen(client: AsyncClient, bearer: Bearer, who: UUID, path: str, status: int) -> None:
    assert (await client.get(path, headers=bearer(who))).status_code == status


async def test_one_persons_activity(client: AsyncClient, bearer: Bearer) -> None:
    shown = (await client.get(f"/v1/activity/{ANN}", headers=bearer(ANN))).json()
    assert [(item["product"], item["activity"]) for item in shown["seats"]] == [
        ("learn", "active"),
        ("observe", "active"),
    ]
    assert shown["last_login_at"] == START.isoformat().replace("+00:00", "Z")


async def test_the_exact_last_login_is_shown_before_it_is_told(
    usage: Usage, client: AsyncClient, bearer: Bearer
) -> None:
    await usage.hear(login(ANN, day(0.2)))
    shown = (await client.get(f"/v1/activity/{ANN}", headers=bearer(ANN))).json()
    assert {item["last_login_at"] for item in shown["seats"]} == {day(0.2).isoformat().replace("+00:00", "Z")}


async def test_inactive_seats_are_paged_oldest_first(usage: Usage, client: AsyncClient, bearer: Bearer) -> None:
    await usage.reach(day(60))
    cursor, seen = None, []
    for _ in range(3):
        query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/v1/inactive-seats", params=query, headers=bearer(ADMIN))).json()
        seen += [(UUID(item["user_id"]), item["product"], item["activity"]) for item in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert seen == [(BOB, "learn", "never_used"), (ANN, "learn", "inactive"), (ANN, "observe", "inactive")]


async def test_activity_is_paged_by_person_and_filtered(client: AsyncClient, bearer: Bearer) -> None:
    first = (await client.get("/v1/activity?limit=2", headers=bearer(ADMIN))).json()
    second = (await client.get(f"/v1/activity?cursor={first['next_cursor']}", headers=bearer(ADMIN))).json()
    assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [2, 1, None]
    unused = (await client.get("/v1/activity?activity=never_used&product=learn", headers=bearer(ADMIN))).json()
    assert [UUID(item["user_id"]) for item in unused["items"]] == [BOB]


async def test_a_window_is_inherited_until_a_unit_sets_its_own(
    usage: Usage, client: AsyncClient, bearer: Bearer
) -> None:
    async def put(org: UUID, days: int | None) -> None:
        change = {"org_id": str(org), "product": "learn", "window_days": days}
        answer = await client.put("/v1/policies", json=change, headers=bearer(ADMIN))
        assert answer.status_code == 200, answer.text

    async def in_force(org: UUID) -> tuple[int, str | None]:
        answer = await client.get(
            "/v1/policies", params={"org_id": str(org), "product": "learn"}, headers=bearer(ADMIN)
        )
        [policy] = answer.json()["items"]
        return policy["window_days"], policy["set_at"]

    assert await in_force(NORTH) == (30, None)
    await put(DISTRICT, 7)
    assert await in_force(NORTH) == (7, str(DISTRICT))
    await usage.reach(day(10))
    assert [await usage.activity(ANN, "learn"), await usage.activity(ANN, "observe")] == ["inactive", "active"]
    await put(NORTH, 14)
    await usage.reach(usage.clock.now())
    assert await in_force(NORTH) == (14, str(NORTH))
    assert await usage.activity(ANN) == "active"
    await put(NORTH, None)
    await usage.reach(usage.clock.now())
    assert await usage.activity(ANN) == "inactive"


async def test_all_products_policies_are_listed(client: AsyncClient, bearer: Bearer) -> None:
    answer = await client.get("/v1/policies", headers=bearer(ADMIN))
    assert [item["product"] for item in answer.json()["items"]] == ["learn", "observe"]


@pytest.mark.parametrize(
    ("who", "org", "days", "status"),
    [(REPORTER, NORTH, 7, 403), (ADMIN, ELSEWHERE, 7, 404), (ADMIN, NORTH, 0, 422), (ADMIN, NORTH, 3_651, 422)],
)
async def test_who_may_set_a_window(
    usage: Usage, client: AsyncClient, bearer: Bearer, who: UUID, org: UUID, days: int, status: int
) -> None:
    change = {"org_id": str(org), "product": "learn", "window_days": days}
    assert (await client.put("/v1/policies", json=change, headers=bearer(who))).status_code == status
    assert await acts(usage) == [("policy.set", "refused", None)]


async def test_setting_a_window_is_written_down(usage: Usage, client: AsyncClient, bearer: Bearer) -> None:
    change = {"org_id": str(NORTH), "product": "learn", "window_days": 7}
    for _ in range(2):
        await client.put("/v1/policies", json=change, headers=bearer(ADMIN))
    after = {"window_days": 7, "warn_days": None, "reclaim_days": None, "keep_days": 7, "set_at": str(NORTH)}
    assert await acts(usage) == [("policy.set", "done", after)]


async def acts(usage: Usage) -> list[tuple[str, str, object]]:
    rows = await usage.rows("select body from outbox where routing_key = 'usage.audit.recorded.v1'")
    facts = [orjson.loads(row.body) for row in rows]
    return [(fact["act"], fact["outcome"], fact["after"]) for fact in facts]


async def test_the_doctor_counts_and_sums_up(usage: Usage, client: AsyncClient, bearer: Bearer) -> None:
    async def asked() -> dict[str, object]:
        headers = bearer("usher-cli", tenant=None, scope="admin")
        return dict((await client.get("/v1/doctor", headers=headers)).json())

    before = await asked()
    assert before["held"] == {"active": 2, "never_used": 1}
    assert (before["facts"], before["due"], before["logins"]) == (3, 0, 2)
    assert await asked() == before
    await usage.reach(day(60))
    assert (await asked())["checksum"] != before["checksum"]


async def test_a_policy_that_somebody_else_has_set_since_is_not_overwritten(
    client: AsyncClient, bearer: Bearer
) -> None:
    asked = {"org_id": str(NORTH), "product": "learn"}
    read = (await client.get("/v1/policies", params=asked, headers=bearer(ADMIN))).headers["etag"]
    guarded = {**bearer(ADMIN), "If-Match": read}
    first = await client.put("/v1/policies", json={**asked, "window_days": 20}, headers=guarded)
    late = await client.put("/v1/policies", json={**asked, "window_days": 10}, headers=guarded)
    assert (first.status_code, late.status_code) == (200, 412)
    again = await client.get("/v1/policies", params=asked, headers=bearer(ADMIN))
    assert (again.headers["etag"], again.json()["items"]) == (first.headers["etag"], [first.json()])
    fresh = {**bearer(ADMIN), "If-Match": again.headers["etag"]}
    assert (await client.put("/v1/policies", json={**asked, "window_days": 10}, headers=fresh)).status_code == 200
