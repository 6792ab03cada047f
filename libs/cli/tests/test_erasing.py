"""`usher users erase`: shown first, done by --yes, and followed until it is."""

import pytest

from usher_cli.commands import erasing

from .test_commands import ADA, DISTRICT, NOW, World, page, person

PATH = f"POST /v1/users/{ADA}:erase"
GONE = {"tenant_id": DISTRICT, "user_id": ADA, "org_id": DISTRICT, "status": "deleted", "roles": []}
ERASURE = {"user_id": ADA, "asked_at": NOW, "asked_by": "client:cli", "due_at": NOW, "done_at": NOW}
KNOWN = {"GET /v1/users": page(person("learner")), "GET /v1/me": {"tenant_id": DISTRICT, "org_id": DISTRICT}}
SEATS = {"as_of": NOW, "totals": {}, "pools": [], "people": []}


def test_without_yes_it_is_merely_shown() -> None:
    world = World(**KNOWN, **{PATH: {"dry_run": True, "people": [GONE]}, "POST /v1/simulate": SEATS})
    result = world.run("users", "erase", "ada")
    assert (result.exit_code, world.query_of(PATH)) == (0, {"dry_run": "true"}), result.output
    assert "Nothing is done yet" in result.stderr
    assert "deleted" in result.stdout


def test_it_is_done_and_followed() -> None:
    world = World(**KNOWN, **{PATH: person(), f"GET /v1/users/{ADA}/erasure": ERASURE})
    result = world.run("users", "erase", "ada", "--yes")
    assert (result.exit_code, world.query_of(PATH)) == (0, {"dry_run": "false"}), result.output
    assert "tombstone" in result.stderr


def test_one_that_takes_long_is_a_failure_that_says_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "PATIENCE_SECONDS", 0.0)
    world = World(**KNOWN, **{PATH: person(), f"GET /v1/users/{ADA}/erasure": {**ERASURE, "done_at": None}})
    result = world.run("users", "erase", "ada", "--yes")
    assert (result.exit_code, NOW in result.stderr) == (1, True)
