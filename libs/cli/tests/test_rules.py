"""`usher rules`: what it asks the services, and what it prints."""

import pytest

from .test_commands import DISTRICT, NOW, World, page

URL = "/v1/grant-rules"
ORG = {f"GET /v1/organizations/{DISTRICT}": {"id": DISTRICT}}
RULE = {
    "id": "r", "role": "learner", "product": "learn", "priority": 1, "active": True, "since": NOW, "is_default": False,
    "version": 2,
}  # fmt: skip
OUTCOME = {"as_of": NOW, "totals": {"learn": {"gains": 7, "loses": 2}}, "people": [], "pools": []}


def test_rules_are_set_as_written_and_those_that_hold_are_shown() -> None:
    over = {**RULE, "role": "observer", "active": False}
    world = World(**{f"PUT {URL}": page(RULE, over)}, **ORG)
    result = world.run("rules", "set", "learner=learn:1", "org_admin=observe", "--org", DISTRICT)
    assert result.exit_code == 0, result.output
    assert world.body_of(f"PUT {URL}") == {
        "rules": [
            {"role": "learner", "product": "learn", "priority": 1},
            {"role": "org_admin", "product": "observe", "priority": 0},
        ]
    }
    assert world.query_of(f"PUT {URL}") == {"org_id": DISTRICT}
    assert "learner" in result.stdout
    assert "observer" not in result.stdout


def test_a_dry_run_shows_who_would_gain_and_lose() -> None:
    world = World(**{f"PUT {URL}": OUTCOME}, **ORG)
    result = world.run("rules", "set", "learner=learn", "--org", DISTRICT, "--dry-run")
    assert world.query_of(f"PUT {URL}") == {"org_id": DISTRICT, "dry_run": "true"}
    assert [word in result.stdout for word in ("gains", "7", "loses", "2")] == [True] * 4


@pytest.mark.parametrize("written", ["learner", "=learn", "learner=", "learner=learn:soon"])
def test_what_is_no_rule_is_told(written: str) -> None:
    result = World(**ORG).run("rules", "set", written, "--org", DISTRICT)
    assert (result.exit_code, "is no rule" in result.stderr) == (1, True)


def test_progress_is_watched_until_it_is_over() -> None:
    over = {"config_version": 4, "people": 60_000, "done": 60_000, "started_at": NOW, "estimated_end": None}
    world = World(**{f"GET {URL}/progress": over}, **ORG)
    result = world.run("rules", "progress", "--org", DISTRICT, "--watch")
    assert result.exit_code == 0, result.output
    assert world.query_of(f"GET {URL}/progress") == {"org_id": DISTRICT}
    assert "60000" in result.stdout
