"""Explanations over HTTP: what is said, what it rests on, and that what would help does (seats: Why)."""

from typing import Any

import pytest
from httpx import AsyncClient
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from .people import LEARNER, READER, WAITING, id_of
from .story import Entitlements, person, term


async def explained(client: AsyncClient, headers: dict[str, str], number: int, **query: Any) -> dict[str, Any]:
    answer = await client.get(
        "/v1/explain", headers=headers, params={"user_id": id_of(number), "product": "learn", **query}
    )
    assert answer.status_code == 200
    explanation: dict[str, Any] = answer.json()
    return explanation


@pytest.mark.usefixtures("people")
async def test_a_wait_is_explained_with_its_position_and_what_would_end_it(
    client: AsyncClient, system: dict[str, str], entitlements: Entitlements
) -> None:
    granted = person(30, "learner", on=9)
    await entitlements.hear(granted)
    why = await explained(client, system, 30)
    assert (why["code"], why["allowed"], why["position"]) == ("waitlisted", False, 2)
    assert why["words"] == "The person waits at position 2: of the 3 seats of learn, 3 are held."
    [step] = why["counterfactual"]["steps"]
    assert (step["act"], step["seats"]) == ("add_seats", 2)
    assert step["words"] == "Add seats of learn: 2; administrators ask for them by a license request."
    evidence = why["evidence"]
    assert (evidence["role"], evidence["message_id"]) == ("learner", granted.id)
    assert evidence["trace_id"] == (granted.traceparent or "").split("-")[1]
    assert (evidence["pool"]["assigned"], evidence["pool_then"]["waitlisted"]) == (3, 2)
    assert (evidence["term"]["seats"], evidence["seat"]["state"]) == (3, "waitlisted")


@pytest.mark.usefixtures("people")
async def test_what_a_counterfactual_says_comes_true(client: AsyncClient, system: dict[str, str]) -> None:
    why = await explained(client, system, WAITING)
    [step] = why["counterfactual"]["steps"]
    term_of_pool = why["evidence"]["term"]
    seats = {"seats": term_of_pool["seats"] + step["seats"]}
    await client.patch(f"/v1/license-terms/{term_of_pool['id']}", headers=system, json=seats)
    assert (await explained(client, system, WAITING))["code"] == "seated"


@pytest.mark.usefixtures("people")
async def test_what_an_act_over_http_led_to_keeps_its_trace(
    client: AsyncClient, system: dict[str, str], entitlements: Entitlements
) -> None:
    await entitlements.hear(person(30, "learner", on=9))
    why = await explained(client, system, WAITING)
    path = f"/v1/license-terms/{why['evidence']['term']['id']}"
    call = SpanContext(trace_id=7, span_id=8, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    with trace.use_span(NonRecordingSpan(call)):
        await client.patch(path, headers=system, json={"seats": 5})
    for number in (WAITING, 30):
        evidence = (await explained(client, system, number))["evidence"]
        assert (evidence["trace_id"], evidence["message_id"]) == (f"{7:032x}", None)
    told = [fact["attributes"]["traceparent"] for fact in (await entitlements.told("seat.changed"))[-2:]]
    assert told == [f"00-{7:032x}-{8:016x}-01"] * 2


@pytest.mark.usefixtures("people")
async def test_who_lacks_a_role_is_told_which(client: AsyncClient, system: dict[str, str]) -> None:
    why = await explained(client, system, READER)
    assert why["code"] == "no_role"
    assert [(step["act"], step["role"], step["seats"]) for step in why["counterfactual"]["steps"]] == [
        ("grant_role", "learner", None),
        ("add_seats", None, 2),
    ]


@pytest.mark.usefixtures("people")
async def test_a_change_that_has_not_arrived_is_in_progress(client: AsyncClient, system: dict[str, str]) -> None:
    assert (await explained(client, system, LEARNER, user_version=1))["code"] == "seated"
    later = await explained(client, system, LEARNER, user_version=2)
    assert (later["code"], later["counterfactual"]) == ("change_in_progress", None)


async def test_every_other_code_is_found(
    client: AsyncClient, system: dict[str, str], entitlements: Entitlements
) -> None:
    await entitlements.hear(person(1, "learner"), person(2, "learner", status="archived"))
    assert (await explained(client, system, 77))["code"] == "unknown_user"
    assert (await explained(client, system, 2))["code"] == "user_not_active"
    assert (await explained(client, system, 1))["code"] == "product_not_activated"
    await entitlements.buy(term(1, starts=10, ends=100, grace=10))
    before = await explained(client, system, 1)
    assert (before["code"], before["words"]) == ("license_not_started", "The license of learn starts on 2026-03-12.")
    await entitlements.move_to(10)
    assert (await explained(client, system, 1))["code"] == "seated"
    await entitlements.move_to(100)
    grace = await explained(client, system, 1)
    assert (grace["code"], grace["allowed"], grace["until"]) == ("in_grace", True, "2026-06-20T12:00:00Z")
    await entitlements.hear(person(3, "learner", on=100))
    newcomer = await explained(client, system, 3)
    assert (newcomer["code"], newcomer["counterfactual"]["steps"][0]["seats"]) == ("waitlisted", 2)
    await entitlements.move_to(110)
    after = await explained(client, system, 1)
    assert (after["code"], after["counterfactual"]["steps"][0]["act"]) == ("license_expired", "renew_term")
    assert after["counterfactual"]["steps"][0]["seats"] == 1
