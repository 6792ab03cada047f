"""`usher users transfer` and `usher transfers`: what they ask, what they show, and what they say of seats."""

from typing import Any

import httpx2
import pytest

from .test_commands import ADA, DISTRICT, NOW, World, page, person

SOUTH = "0192f0c0-0000-7000-8000-000000000003"
ID = "01a20fb5-c506-77dc-9c81-3bf70a94df79"
PATH = f"/v1/users/{ADA}:transfer"
ASKED = {
    "id": ID, "tenant_id": DISTRICT, "direction": "within", "state": "asked", "user_id": ADA, "user_name": "ada",
    "display_name": "Ada", "email": None, "roles": ["learner"], "from_org_id": DISTRICT, "from_name": "North",
    "to_org_id": SOUTH, "to_name": "South", "note": "moved house", "asked_side": "source", "asked_by": "user:1",
    "asked_at": NOW, "decided_by": None, "decided_at": None, "answer": None, "version": 1,
}  # fmt: skip
STATE = {"tenant_id": DISTRICT, "user_id": ADA, "org_id": SOUTH, "status": "active", "roles": ["learner"]}
PREVIEW = {"dry_run": True, "outcome": "done", "people": [STATE], "people_there": []}
SEATS = {
    "as_of": NOW, "totals": {"learn": {"keeps": 1}}, "pools": [],
    "people": [
        {"user_id": ADA, "product": "learn", "org_id": SOUTH, "before": "assigned", "after": "assigned",
         "outcome": "keeps", "reason": "user_transferred", "position": None},
    ],
}  # fmt: skip
ME = {"tenant_id": DISTRICT, "org_id": SOUTH}


class Refusing(World):
    """Services that answer some requests with a problem: those whose answer is a status."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        answer: Any = self.answers[f"{request.method} {request.url.path}"]
        if not isinstance(answer, int):
            return super().__call__(request)
        return httpx2.Response(answer, json={"title": "no", "status": answer})


def known(**answers: Any) -> Refusing:
    ada = {**person("learner"), "tenant_id": DISTRICT}
    named = {"id": SOUTH, "name": "South", "external_ids": []}
    return Refusing(**{"GET /v1/users": page(ada), "GET /v1/organizations": page(named), **answers})


def test_a_person_is_moved_or_asked_for_by_name() -> None:
    world = known(**{f"POST {PATH}": {**person("learner"), "org_id": SOUTH}})
    result = world.run("users", "transfer", "ada", "South", "--note", "moved house")
    assert (result.exit_code, "Done: Ada" in result.stderr) == (0, True), result.output
    assert world.body_of(f"POST {PATH}") == {"org_id": SOUTH, "note": "moved house"}
    asked = known(**{f"POST {PATH}": ASKED}).run("users", "transfer", "ada", "South")
    for word in ("asked", "North", "South", "moved house", ID):
        assert word in asked.stdout


def test_an_organization_of_another_tenant_is_not_looked_up() -> None:
    world = known(**{f"POST {PATH}": ASKED})
    world.run("users", "transfer", "ada", SOUTH, "--role", "observer", "--user-name", "ada.two")
    assert world.body_of(f"POST {PATH}") == {"org_id": SOUTH, "roles": ["observer"], "user_name": "ada.two"}
    assert "GET /v1/organizations" not in [what for what, *_ in world.asked]


@pytest.mark.parametrize(("me", "org"), [(ME, SOUTH), ({**ME, "tenant_id": "operators"}, DISTRICT), (403, DISTRICT)])
def test_a_dry_run_shows_what_becomes_of_seats(me: Any, org: str) -> None:
    world = known(**{f"POST {PATH}": PREVIEW, "GET /v1/me": me, "POST /v1/simulate": SEATS})
    result = world.run("users", "transfer", "ada", "South", "--dry-run")
    assert world.query_of(f"POST {PATH}") == {"dry_run": "true"}
    assert world.body_of("POST /v1/simulate") == {"org_id": org, "people": [STATE]}
    assert "done at once" in result.stderr
    for word in ("keeps", "user_transferred"):
        assert word in result.stdout


def test_a_dry_run_says_where_seats_are_not_to_be_seen() -> None:
    world = known(**{f"POST {PATH}": {**PREVIEW, "outcome": "asked"}, "GET /v1/me": ME, "POST /v1/simulate": 404})
    result = world.run("users", "transfer", "ada", "South", "--dry-run")
    assert (result.exit_code, "who administers everybody concerned" in result.stderr) == (0, True)


def test_transfers_are_listed_by_state() -> None:
    hidden = {**ASKED, "user_name": None, "display_name": None, "from_name": None, "from_org_id": None}
    world = World(**{"GET /v1/transfers": page(ASKED, hidden)})
    result = world.run("transfers", "--state", "asked")
    assert world.query_of("GET /v1/transfers") == {"state": "asked", "limit": "50"}
    assert "Ada (ada)" in result.stdout
    assert "usher transfers approve" in result.stderr


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        (["approve"], {}),
        (["approve", "--role", "learner", "--note", "welcome"], {"roles": ["learner"], "note": "welcome"}),
        (["reject", "--note", "no room"], {"note": "no room"}),
        (["withdraw"], {}),
    ],
)
def test_a_transfer_is_decided_on(typed: list[str], body: Any) -> None:
    verdict, *options = typed
    world = World(**{f"POST /v1/transfers/{ID}:{verdict}": {**ASKED, "state": "approved", "decided_at": NOW}})
    result = world.run("transfers", verdict, ID, *options)
    assert (result.exit_code, "approved" in result.stdout) == (0, True), result.output
    assert world.body_of(f"POST /v1/transfers/{ID}:{verdict}") == body


def test_who_rejects_says_why() -> None:
    assert World().run("transfers", "reject", ID).exit_code != 0
