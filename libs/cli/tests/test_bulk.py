"""`usher users bulk`: a table sent, shown by a dry run, or followed to its end."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from .test_commands import ADA, DISTRICT, World, page

TABLE = "user,act,roles\nada,add_roles,observer\nbo,archive,\n"
JOB = {
    "id": "j", "state": "done", "error": None, "progress": {"phase": "over", "done": 2, "total": 2},
    "counts": {"rows": {"done": 1, "unchanged": 0, "refused": 1, "held": 0}},
}  # fmt: skip
REFUSED = {"row": 2, "user": "bo", "act": "archive", "outcome": "refused", "reason": "no such person is yours"}
PREVIEW = {
    "dry_run": True, "counts": {"done": 1, "unchanged": 0, "refused": 1, "held": 0}, "rows": [REFUSED],
    "people": [{"user_id": ADA, "org_id": DISTRICT, "status": "active", "roles": ["learner", "observer"]}],
    "held": [],
}  # fmt: skip


class Bulk(World):
    """Services that take a table, which is no JSON."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith(":bulk"):
            sent = (request.headers["content-type"], request.content.decode())
            self.asked.append(("bulk", dict(request.url.params), sent))
            return httpx2.Response(202, json=self.answers["bulk"])
        return super().__call__(request)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(TABLE)
    return path


def test_a_dry_run_shows_rows_and_people(file: Path) -> None:
    world = Bulk(bulk=PREVIEW)
    result = world.run("users", "bulk", str(file), "--dry-run")
    assert world.query_of("bulk") == {"dry_run": "true"}
    assert world.body_of("bulk") == ("text/csv", TABLE)
    for word in ("1 people would be", "learner, observer", "no such person is yours"):
        assert word in result.stdout
    assert json.loads(world.run("users", "bulk", str(file), "--dry-run", "--json").stdout) == PREVIEW


@pytest.mark.parametrize(("state", "status"), [("done", 0), ("failed", 1)])
def test_a_job_is_followed_to_its_end(file: Path, state: str, status: int) -> None:
    job: dict[str, Any] = {**JOB, "state": state, "error": {"code": "internal_error", "detail": "given up"}}
    waiting = {**JOB, "state": "waiting"}
    world = Bulk(**{"bulk": waiting, "GET /v1/jobs/j": job, "GET /v1/jobs/j/rows": page(REFUSED)})
    result = world.run("users", "bulk", str(file))
    assert result.exit_code == status
    assert "bo" in result.stdout


def test_what_is_no_table_is_not_sent(tmp_path: Path) -> None:
    result = Bulk().run("users", "bulk", str(tmp_path / "people.xlsx"))
    assert result.exit_code == 1
    assert "no table" in result.stderr
