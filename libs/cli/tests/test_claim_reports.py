"""`usher report claims` and `usher report assignments`: what is asked for, and what a person reads."""

import json

import pytest

from usher_cli.output import lasting

from .test_commands import ADA, NOW, World, page

PATTERNS, ASSIGNMENTS, CLAIMS = "GET /v1/claims/patterns", "GET /v1/assignments", "GET /v1/claims"
MARCH = {
    "since": "2026-03-01", "until": "2026-03-31", "product": None, "org_id": "o", "organization": "North High",
    "reason": None, "claims": 7, "assigned": 4, "promoted": 1, "waitlisted": 2, "suspended": 0, "restored": 0,
    "withheld": 0, "moved": 0, "released": 0, "net_change": 5, "seats_held": 1205, "churn_percentage": 0.25,
    "waited_seats": 1, "waited_median_seconds": 302_400, "waited_p90_seconds": 302_400,
}  # fmt: skip
SEAT = {
    "user_id": ADA, "display_name": "Ada", "organization": None, "org_id": "org-7", "product": "learn",
    "state": "assigned", "since": NOW, "activity": "never_used", "last_login_at": None,
}  # fmt: skip
CLAIM = {
    "at": NOW, "kind": "promoted", "is_void": True, "product": "learn", "from_state": "waitlisted", "state": "assigned",
    "reason": "seat_freed", "actor": "system", "changeset": None, "organization": "North High", "org_id": "o",
    "display_name": None, "user_id": ADA,
}  # fmt: skip


def test_patterns_are_a_table_of_what_is_told_apart() -> None:
    world = World(**{PATTERNS: page(MARCH)})
    result = world.run("report", "claims", "--patterns", "--by", "organization", "--since", "2026-03-01")
    assert result.exit_code == 0, result.output
    assert world.query_of(PATTERNS) == {"group_by": "organization", "since": "2026-03-01", "limit": "50"}
    for word in ("2026-03-31", "North High", "1205", "0.25", "3.5 days"):
        assert word in result.stdout
    assert json.loads(world.run("report", "claims", "--patterns", "--json").stdout) == page(MARCH)


def test_claims_are_listed_from_the_first_days_midnight_to_the_end_of_the_last() -> None:
    world = World(**{CLAIMS: page(CLAIM)})
    result = world.run("report", "claims", "--reason", "seat_freed", "--since", "2026-03-01", "--until", "2026-03-31")
    assert world.query_of(CLAIMS) == {
        "reason": "seat_freed", "from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "limit": "50",
    }  # fmt: skip
    assert "promoted (void)" in result.stdout


@pytest.mark.parametrize("arguments", [["--by", "month"], ["--patterns", "--reason", "manual"]])
def test_what_does_not_go_together_is_told(arguments: list[str]) -> None:
    result = World().run("report", "claims", *arguments)
    assert (result.exit_code, "--patterns" in result.stderr or "without it" in result.stderr) == (1, True)


def test_assignments_are_asked_for_by_activity() -> None:
    world = World(**{ASSIGNMENTS: page(SEAT, cursor="more")})
    result = world.run("report", "assignments", "--activity", "never_used", "--user", ADA)
    assert world.query_of(ASSIGNMENTS) == {"user_id": ADA, "activity": "never_used", "limit": "50"}
    assert "never_used" in result.stdout
    assert "org-7" in result.stdout
    assert "--all" in result.stderr


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 seconds"), (59, "59 seconds"), (5_400, "1.5 hours"), (172_800, "2 days"), (None, None)]
)
def test_a_length_of_time_is_told_in_its_largest_unit(seconds: float | None, told: str | None) -> None:
    assert lasting(seconds) == told
