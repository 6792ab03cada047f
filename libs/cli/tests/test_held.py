"""`usher held`: what it shows of held changes, and what it asks when somebody decides."""

from typing import Any

import pytest

from .test_commands import ADA, DISTRICT, NOW, World, page

SET = "01a20fb5-c506-77dc-9c81-3bf70a94df78"
PATH = f"/v1/change-sets/{SET}"
HELD = {
    "id": SET, "org_id": DISTRICT, "source": "sis", "kind": "import", "job_id": "job", "state": "held",
    "share_percent": 20, "of_people": 50, "would_deactivate": 11, "would_remove_roles": 2,
    "people": {"held": 13, "approved": 0, "rejected": 0, "stale": 0}, "created_at": NOW, "version": 1,
}  # fmt: skip
ROW = {
    "user_id": ADA, "user_name": "ada", "display_name": "Ada", "status": "archived", "remove_roles": ["learner"],
    "state": "held",
}  # fmt: skip


def test_what_is_held_is_listed_with_its_figures() -> None:
    world = World(**{"GET /v1/change-sets": page(HELD)})
    result = world.run("held", "list")
    assert world.query_of("GET /v1/change-sets") == {"state": "held", "limit": "50"}
    assert "import of sis" in result.stdout
    assert "usher held show" in result.stderr


def test_a_set_is_shown_with_its_people() -> None:
    world = World(**{f"GET {PATH}": {**HELD, **page(ROW)}})
    result = world.run("held", "show", SET)
    for word in ("50; more than 20 % may not at once", "Ada", "archived", "learner"):
        assert word in result.stdout


@pytest.mark.parametrize("verdict", ["approve", "reject"])
@pytest.mark.parametrize(("options", "body"), [([], {}), (["--user", "ada"], {"user_ids": [ADA]})])
def test_all_or_some_are_decided_on(verdict: str, options: list[str], body: Any) -> None:
    world = World(**{f"POST {PATH}:{verdict}": HELD})
    assert world.run("held", verdict, SET, *options).exit_code == 0
    assert world.body_of(f"POST {PATH}:{verdict}") == body
