"""`usher licenses request` and its like: what they ask the services, and what they print."""

import json
from typing import Any

import pytest

from .test_commands import DISTRICT, NOW, World, page

ID = "0192f0c0-0000-7000-8000-000000000077"
URL = "/v1/license-requests"
FIGURES = {
    "capacity": 500, "assigned": 480, "available": 20, "waitlisted": 37, "waitlisted_here": 31, "suspended": 0,
    "over_allocated": False, "license_state": "active", "ends_at": "2027-07-31T22:00:00Z",
}  # fmt: skip
REQUEST = {
    "id": ID, "org_id": DISTRICT, "product": "learn", "seats": 40, "note": "new classes", "state": "open",
    "figures": FIGURES, "asked_by": "user:1", "asked_at": NOW, "answered_by": None, "answered_at": None,
    "answer_note": None, "license_term_id": None, "version": 1,
}  # fmt: skip


def test_more_seats_are_asked_for_with_the_figures_shown_first() -> None:
    world = World(**{f"POST {URL}": REQUEST, f"GET /v1/organizations/{DISTRICT}": {"id": DISTRICT}})
    result = world.run("licenses", "request", "learn", "--org", DISTRICT, "--seats", "40", "--note", "new classes")
    assert result.exit_code == 0, result.output
    wanted = {"org_id": DISTRICT, "product": "learn", "seats": 40, "note": "new classes"}
    assert world.body_of(f"POST {URL}") == wanted
    shown = result.stdout
    places = [shown.index(word) for word in ("500", "480", "37", "31", "2027-07-31", "40 more seats of learn", ID)]
    assert places[:5] == sorted(places[:5])
    assert max(places[:5]) < min(places[5:])


def test_requests_are_listed_as_asked_for() -> None:
    world = World(**{f"GET {URL}": page(REQUEST, cursor="more")})
    result = world.run("licenses", "requests", "--state", "open", "--product", "learn")
    assert world.query_of(f"GET {URL}") == {"state": "open", "product": "learn", "limit": "50"}
    for word in ("learn", "40", "480", "31", "new classes", ID):
        assert word in result.stdout
    assert "--all" in result.stderr
    assert json.loads(world.run("licenses", "requests", "--json").stdout) == page(REQUEST, cursor="more")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["granted", "--term", "t"], {"verdict": "granted", "note": None, "license_term_id": "t"}),
        (["declined", "--note", "no budget"], {"verdict": "declined", "note": "no budget", "license_term_id": None}),
    ],
)
def test_a_request_is_answered(options: list[str], said: dict[str, Any]) -> None:
    answered = {**REQUEST, "state": said["verdict"], "answer_note": said["note"], "license_term_id": "t-1"}
    world = World(**{f"POST {URL}/{ID}:answer": answered})
    result = world.run("licenses", "answer", ID, *options)
    assert world.body_of(f"POST {URL}/{ID}:answer") == said
    assert said["verdict"] in result.stdout


def test_an_answer_is_yes_or_no() -> None:
    assert World().run("licenses", "answer", ID, "maybe").exit_code != 0


def test_a_request_is_changed_or_withdrawn() -> None:
    world = World(**{f"PATCH {URL}/{ID}": REQUEST, f"POST {URL}/{ID}:withdraw": {**REQUEST, "state": "withdrawn"}})
    assert world.run("licenses", "change-request", ID, "--seats", "50").exit_code == 0
    assert world.body_of(f"PATCH {URL}/{ID}") == {"seats": 50}
    assert "withdrawn" in world.run("licenses", "withdraw-request", ID).stdout
    nothing = world.run("licenses", "change-request", ID)
    assert (nothing.exit_code, "--seats or --note" in nothing.stderr) == (1, True)
