"""Notifications over HTTP: who may see what, what is muted, the doctor."""

from collections.abc import Callable
from uuid import UUID

import orjson
import pytest
from httpx import AsyncClient

from usher_contracts.envelope import OPERATORS_TENANT
from usher_notifications.domain.notices import Kind

from .story import (
    ADMIN,
    ANN,
    BOB,
    DISTRICT,
    ELSEWHERE,
    NORTH,
    OPERATOR,
    PRINCIPAL,
    SOUTH,
    STRANGER,
    Notifications,
    license_notice,
    seat,
    the_district,
)

Bearer = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
async def sent(notifications: Notifications) -> None:
    await notifications.hear(*the_district())
    await notifications.hear(seat(ANN), seat(BOB, org=SOUTH), license_notice())
    await notifications.after_the_hold()


@pytest.mark.parametrize(
    ("story", "who", "tenant", "query", "seen"),
    [
        (
            "an administrator sees what concerns the district",
            ADMIN,
            DISTRICT,
            "",
            {ANN, BOB, ADMIN, PRINCIPAL, OPERATOR},
        ),
        ("a principal what concerns the school", PRINCIPAL, DISTRICT, "", {ANN, PRINCIPAL}),
        ("one unit when asked for", ADMIN, DISTRICT, f"?org_id={SOUTH}", {BOB}),
        ("one kind", ADMIN, DISTRICT, "?kind=license_ending", {ADMIN, OPERATOR}),
        ("one status", ADMIN, DISTRICT, "?status=pending", set()),
        ("others see their own", ANN, DISTRICT, "", {ANN}),
        ("an operator sees all", OPERATOR, OPERATORS_TENANT, "", {ANN, BOB, ADMIN, PRINCIPAL, OPERATOR}),
        ("another tenant's administrator sees nothing", STRANGER, ELSEWHERE, "", set()),
    ],
)
async def test_who_sees_which_deliveries(
    client: AsyncClient, bearer: Bearer, story: str, who: UUID, tenant: UUID, query: str, seen: set[UUID]
) -> None:
    answer = await client.get(f"/v1/deliveries{query}", headers=bearer(who, tenant=tenant))
    assert {UUID(item["recipient"]) for item in answer.json()["items"]} == seen, story


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        (ANN, f"/v1/deliveries?org_id={NORTH}", 403),
        (PRINCIPAL, f"/v1/deliveries?org_id={DISTRICT}", 404),
        (ADMIN, "/v1/deliveries?status=lost", 422),
        (ADMIN, "/v1/deliveries?cursor=WzFd", 422),
        (ADMIN, "/v1/doctor", 403),
    ],
)
async def test_what_may_not_be_seen(client: AsyncClient, bearer: Bearer, who: UUID, path: str, status: int) -> None:
    assert (await client.get(path, headers=bearer(who))).status_code == status


async def test_deliveries_are_paged_newest_first_and_name_no_address(client: AsyncClient, bearer: Bearer) -> None:
    first = (await client.get("/v1/deliveries?limit=4", headers=bearer(ADMIN))).json()
    rest = (await client.get(f"/v1/deliveries?cursor={first['next_cursor']}", headers=bearer(ADMIN))).json()
    ids = [item["id"] for item in [*first["items"], *rest["items"]]]
    assert len(ids) == 6
    assert ids == sorted(ids, reverse=True)
    assert rest["next_cursor"] is None
    assert "@" not in str(first) + str(rest)


async def test_a_muted_kind_is_not_sent(notifications: Notifications, client: AsyncClient, bearer: Bearer) -> None:
    shown = (await client.get("/v1/subscriptions", headers=bearer(ANN))).json()["items"]
    assert {item["kind"]: item["muted"] for item in shown} == {kind.value: False for kind in Kind}
    await client.put("/v1/subscriptions", json={"kind": "waitlisted", "muted": True}, headers=bearer(ANN))
    notifications.mail.taken.clear()
    await notifications.hear(seat(ANN, product="learn"))
    await notifications.after_the_hold()
    assert notifications.mail.taken == []
    assert ("waitlisted", "dropped", "muted", 0) in await notifications.deliveries()
    await client.put("/v1/subscriptions", json={"kind": "waitlisted", "muted": False}, headers=bearer(ANN))
    await notifications.hear(seat(ANN, product="extra"))
    await notifications.after_the_hold()
    assert notifications.mail.recipients == ["ann@springfield.example"]


async def test_what_is_muted_is_written_down_once(
    notifications: Notifications, client: AsyncClient, bearer: Bearer
) -> None:
    for muted in (True, True, False):
        await client.put("/v1/subscriptions", json={"kind": "waitlisted", "muted": muted}, headers=bearer(ANN))
    await client.put("/v1/subscriptions", json={"kind": "nothing", "muted": True}, headers=bearer(ANN))
    rows = await notifications.rows("select body from outbox where routing_key like '%audit.recorded%' order by id")
    acts = [orjson.loads(row.body) for row in rows]
    assert {(act["act"], act["org_id"]) for act in acts[:2]} == {("subscription.set", str(NORTH))}
    assert [(act["target"], act["before"], act["after"]) for act in acts[:2]] == [
        (f"{ANN}/waitlisted", {"muted": False}, {"muted": True}),
        (f"{ANN}/waitlisted", {"muted": True}, {"muted": False}),
    ]
    assert [(act["outcome"], act["reason"]) for act in acts[2:]] == [("refused", "invalid")]


async def test_a_client_has_no_subscriptions(client: AsyncClient, bearer: Bearer) -> None:
    headers = bearer("usher-cli", tenant=None, scope="admin")
    assert (await client.get("/v1/subscriptions", headers=headers)).status_code == 403


async def test_templates_are_named_with_their_subjects(client: AsyncClient, bearer: Bearer) -> None:
    items = (await client.get("/v1/templates", headers=bearer(ANN))).json()["items"]
    assert [item["name"] for item in items] == [kind.value for kind in Kind]
    assert all(item["subject"] and item["audience"] for item in items)


async def test_the_doctor_counts(client: AsyncClient, bearer: Bearer) -> None:
    shown = (await client.get("/v1/doctor", headers=bearer(OPERATOR, tenant=OPERATORS_TENANT))).json()
    assert shown["deliveries"] == {
        "waitlisted": {"sent": 2},
        "waitlist_digest": {"sent": 2},
        "license_ending": {"sent": 2},
    }
    assert (shown["due"], shown["oldest_pending"]) == (0, None)


async def test_a_subscription_that_was_changed_elsewhere_is_not_overwritten(
    client: AsyncClient, bearer: Bearer
) -> None:
    read = (await client.get("/v1/subscriptions", headers=bearer(ANN))).headers["etag"]
    guarded = {**bearer(ANN), "If-Match": read}
    change = {"kind": "waitlisted", "muted": True}
    first = await client.put("/v1/subscriptions", json=change, headers=guarded)
    late = await client.put("/v1/subscriptions", json={**change, "muted": False}, headers=guarded)
    assert (first.status_code, late.status_code, late.json()["type"]) == (200, 412, "urn:usher:problem:stale")
    again = await client.get("/v1/subscriptions", headers=bearer(ANN))
    assert again.headers["etag"] == first.headers["etag"] != read
