"""A seat's whole life over all services: each version is in its history, with the request or fact that caused it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from usher_cli.clients.calls import new_trace_id, traceparent

from .system import SYSTEM, District, eventually, settle

pytestmark = SYSTEM

LIFE = [
    ("assigned", "role_granted"),
    ("released", "role_revoked"),
    ("waitlisted", "role_granted"),
    ("promoted", "seat_freed"),
    ("withheld", "manual"),
    ("assigned", "manual"),
    ("suspended", "license_expired"),
    ("restored", "license_renewed"),
    ("released", "role_revoked"),
]


def in_days(number: float) -> str:
    return (datetime.now(UTC) + timedelta(days=number)).isoformat()


def test_every_turn_of_a_seats_life_is_told_with_its_cause(district: District) -> None:
    session = district.session
    entitlements, reporting = session.entitlements.calls, session.reporting
    term = district.license("learn", seats=1)
    ann, bob = district.person("ann"), district.person("bob")
    traces: list[str] = []

    def history() -> list[dict[str, Any]]:
        return list(reporting.seat_history(ann, "learn", every=True)["items"])

    def then(act: Callable[[str], Any]) -> None:
        """Do something to Ann's seat under a trace of its own, and wait until its history has it."""
        traces.append(new_trace_id())
        act(traces[-1])
        eventually(lambda: len(history()) == len(traces))

    def roles(who: str, *held: str) -> Callable[[str], Any]:
        return lambda trace: session.identity.set_roles(who, list(held), trace)

    def by_hand(act: str) -> Callable[[str], Any]:
        url = f"/v1/seats/{ann}/learn:{act}"
        return lambda trace: entitlements.post(url, {"note": "as asked"}, traceparent=traceparent(trace))

    def expire(trace: str) -> None:
        headers = {"traceparent": traceparent(trace)}
        entitlements.send("PATCH", f"/v1/license-terms/{term}", json={"ends_at": in_days(-0.1)}, headers=headers)

    def renew(trace: str) -> None:
        bought = {"org_id": district.id, "product": "learn", "seats": 1, "starts_at": in_days(-0.05)}
        entitlements.post("/v1/license-terms", {**bought, "ends_at": in_days(300)}, traceparent=traceparent(trace))

    then(roles(ann, "learner"))
    then(roles(ann))
    roles(bob, "learner")(new_trace_id())
    eventually(lambda: district.assigned("learn") == 1)
    then(roles(ann, "learner"))
    then(roles(bob))
    then(by_hand("withhold"))
    then(by_hand("lift"))
    then(expire)
    then(renew)
    then(roles(ann))

    told = history()
    assert [(one["kind"], one["reason"]) for one in told] == LIFE
    first = told[0]["version"]  # the database may be in a later epoch by now
    assert [one["version"] for one in told] == list(range(first, first + len(LIFE)))
    assert [one["from_state"] for one in told][1:] == [one["state"] for one in told][:-1]
    assert [one["trace_id"] for one in told] == traces, "each leads to the request that caused it"
    assert len({one["pool_id"] for one in told}) == 1
    by_fact = [bool(one["causation_id"]) for one in told]
    assert by_fact == [True, True, True, True, False, False, False, False, True], "the others are acts over HTTP"
    assert len({one["message_id"] for one in told}) == len(told)
    settle(session)
