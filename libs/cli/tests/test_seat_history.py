"""`usher seats history`: the table of all that ever happened to a seat."""

import json

from .test_commands import ADA, NOW, World, page

PATH = f"GET /v1/users/{ADA}/seats/learn/history"
FIRST = {
    "version": 1, "at": NOW, "kind": "waitlisted", "from_state": "none", "state": "waitlisted",
    "reason": "role_granted", "actor": "user:1", "changeset": "import-1", "causation_id": "cause-1",
    "message_id": "own", "trace_id": "4bf92f35", "pool_id": "pool-1", "is_void": False,
}  # fmt: skip
SECOND = {**FIRST, "version": 2, "kind": "promoted", "state": "assigned", "actor": "system", "is_void": True}


def test_a_seats_history_is_a_table_in_order() -> None:
    world = World(**{PATH: page(FIRST, SECOND)})
    result = world.run("seats", "history", ADA, "learn")
    assert result.exit_code == 0, result.output
    assert world.query_of(PATH) == {"limit": "50"}
    for word in ("role_granted", "user:1", "import-1", "cause-1", "4bf92f35", "pool-1", "promoted (void)"):
        assert word in result.stdout
    assert result.stdout.index("waitlisted") < result.stdout.index("promoted")
    assert "usher trace" in result.stderr


def test_as_json_it_is_the_answer_unchanged() -> None:
    world = World(**{PATH: page(FIRST)})
    assert json.loads(world.run("seats", "history", ADA, "learn", "--json").stdout) == page(FIRST)
