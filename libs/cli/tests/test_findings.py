"""What the doctor finds when the services' answers disagree, and that it finds nothing when they agree."""

from typing import Any

import pytest

from usher_cli.clients.calls import Json
from usher_cli.examining.findings import (
    erasures_done,
    nothing_dead,
    outboxes_empty,
    own_findings,
    people_agree,
    queues_empty,
    seats_agree,
)

SEATS = {"assigned": 3, "waitlisted": 1}


def entitlements(**changes: Any) -> Json:
    return {
        "tenants": [{"tenant_id": "t", "people_active": 4, "undecided": 0, "seats": SEATS, "checksum": "77", **changes}]
    }


def reporting(**changes: Any) -> Json:
    whole = {"claims_missing": 0, "entered": 5, "left": 1, "held": 4, "headcount_wrong": 0, "pools_wrong": 0}
    return {
        "tenants": [{"tenant_id": "t", "name": "Springfield", "seats": SEATS, "checksum": "77", **whole, **changes}]
    }


def test_services_that_agree_are_well() -> None:
    assert seats_agree(entitlements(), reporting()).ok
    assert seats_agree({"tenants": []}, {"tenants": []}).ok


@pytest.mark.parametrize(
    ("story", "ours", "theirs", "offends"),
    [
        (
            "a seat that reporting has not heard of",
            entitlements(),
            reporting(seats={"assigned": 2, "waitlisted": 1}),
            ["Springfield: 3 assigned in entitlements, 2 in reporting"],
        ),
        (
            "the same number, but not the same seats",
            entitlements(checksum="78"),
            reporting(),
            ["Springfield: checksums over person, product, state and version differ"],
        ),
        (
            "a gap in the history",
            entitlements(),
            reporting(claims_missing=2),
            ["Springfield: 2 versions of seats without a claim"],
        ),
        (
            "claims that do not add up",
            entitlements(),
            reporting(entered=6),
            ["Springfield: 6 entered less 1 left is not 4 held"],
        ),
        (
            "a drifted head count",
            entitlements(),
            reporting(headcount_wrong=1),
            ["Springfield: 1 kept head counts differ from a recount"],
        ),
        (
            "a tenant that reporting does not know",
            entitlements(),
            {"tenants": []},
            [
                "t: 3 assigned in entitlements, 0 in reporting",
                "t: 1 waitlisted in entitlements, 0 in reporting",
                "t: checksums over person, product, state and version differ",
            ],
        ),
    ],
)
def test_each_disagreement_is_named(story: str, ours: Json, theirs: Json, offends: list[str]) -> None:
    finding = seats_agree(ours, theirs)
    assert (finding.code, list(finding.offenders)) == ("I6", offends), story


def test_people_who_have_not_arrived_are_counted() -> None:
    identity = {"tenants": [{"tenant_id": "t", "people_active": 5}]}
    assert people_agree(identity, entitlements()).offenders == ["t: 5 active in identity, 4 in entitlements"]
    assert people_agree(identity, entitlements(people_active=5)).ok
    assert people_agree(identity, entitlements(people_active=5, undecided=2)).offenders == [
        "t: 2 are to be decided about"
    ]


def test_entitlements_own_findings_are_passed_on() -> None:
    own = {"findings": [{"code": "I1", "holds": "pools add up", "offenders": ["pool p: 4, counted 5"]}]}
    [finding] = own_findings(own)
    assert (finding.code, finding.ok) == ("I1", False)


def test_facts_that_wait_anywhere_are_told_from_dead_ones() -> None:
    queues: list[Json] = [
        {"name": "usage.events", "messages": 3},
        {"name": "usage.dead", "messages": 1},
        {"name": "reporting.events", "messages": 0},
        {"name": "usher.log", "messages": 900},
        {"name": "just.declared.events"},
    ]
    assert queues_empty(queues).offenders == ["usage.events: 3 messages wait"]
    assert nothing_dead(queues).offenders == ["usage.dead: 1 facts could not be applied"]
    doctors: dict[str, Json] = {
        "identity": {"tenants": [{"outbox_waiting": 2}, {"outbox_waiting": 5}]},
        "reporting": {"tenants": [{}]},
    }
    assert outboxes_empty(doctors).offenders == ["identity: 7 facts are not published yet"]


def test_an_erasure_that_has_not_come_everywhere_is_found() -> None:
    whole = {"deleted": {"people": 2, "left": 0}}
    assert erasures_done({"identity": whole, "usage": whole}).ok
    behind = {"deleted": {"people": 1, "left": 3}}
    assert erasures_done({"identity": whole, "usage": behind}).offenders == [
        "usage: knows 1 of 2 people to be erased",
        "usage: 3 traces of erased people are still to go",
    ]
