"""Commands as people type them: what they ask the services, what they print, and when they fail."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from usher_cli.clients.session import Outside
from usher_cli.environment import Environment
from usher_cli.main import app

ADA = "0192f0c0-0000-7000-8000-00000000000a"
DISTRICT = "0192f0c0-0000-7000-8000-000000000001"
NOW = "2026-11-24T12:00:00Z"
TERM = {
    "id": "t", "org_id": DISTRICT, "product": "observe", "seats": 20, "starts_at": NOW,
    "ends_at": "2027-11-24T00:00:00Z",
    "grace_days": 14, "overage": "block", "state": "active",
}  # fmt: skip
SEAT = {
    "user_id": ADA, "product": "observe", "state": "waitlisted", "since": NOW, "reason": "role_granted",
    "role": "observer", "wanted_since": NOW,
}  # fmt: skip


def person(*roles: str) -> dict[str, Any]:
    held = [{"role": role, "since": NOW, "sources": ["sis", "manual"]} for role in roles]
    names = {"id": ADA, "org_id": DISTRICT, "user_name": "ada", "display_name": "Ada [Byron]", "email": None}
    return {**names, "status": "active", "status_since": NOW, "external_ids": [], "roles": held, "version": 3}


class World:
    """Services that answer with what is given for a method and path, and remember what they were asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"GET /v1/users": page(person("learner")), f"GET /v1/users/{ADA}": person("learner")}
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.answers.update(answers)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        what = f"{request.method} {request.url.path}"
        body = json.loads(request.content) if request.content else None
        self.asked.append((what, dict(request.url.params), body))
        return httpx2.Response(200, json=self.answers[what])

    def run(self, *arguments: str) -> Any:
        around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(self))
        return CliRunner().invoke(app, list(arguments), obj=around)

    def body_of(self, what: str) -> Any:
        return next(body for asked, _, body in self.asked if asked == what)

    def query_of(self, what: str) -> dict[str, str]:
        return next(query for asked, query, _ in self.asked if asked == what)


def page(*items: Any, cursor: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": cursor}


def test_people_are_listed_with_what_was_asked_and_a_word_about_the_rest() -> None:
    world = World(**{"GET /v1/users": page(person("learner"), cursor="more")})
    result = world.run("users", "list", "ada", "--role", "learner", "--limit", "1")
    assert world.query_of("GET /v1/users") == {"q": "ada", "role": "learner", "limit": "1"}
    assert "Ada [Byron]" in result.stdout
    assert "--all" in result.stderr


@pytest.mark.parametrize(
    ("story", "arguments", "roles"),
    [
        ("granted", ["--add", "observer"], ["learner", "observer", "reporter"]),
        ("taken", ["--remove", "learner", "--remove", "reporter"], []),
        ("both at once", ["--add", "observer", "--remove", "learner"], ["observer", "reporter"]),
        ("set", ["--set", "org_admin"], ["org_admin"]),
    ],
)
def test_roles_are_changed_from_what_is_held(story: str, arguments: list[str], roles: list[str]) -> None:
    put = f"PUT /v1/users/{ADA}/roles"
    world = World(**{"GET /v1/users": page(person("learner", "reporter")), put: person("observer")})
    result = world.run("users", "roles", "ada", *arguments)
    assert (result.exit_code, world.body_of(put)) == (0, {"roles": roles}), story
    assert "usher trace " in result.stderr


def test_roles_that_are_only_looked_at_are_not_written() -> None:
    world = World()
    assert "learner" in world.run("users", "roles", ADA).stdout
    assert [what for what, *_ in world.asked] == [f"GET /v1/users/{ADA}"]


def test_set_does_not_go_with_add() -> None:
    result = World().run("users", "roles", "ada", "--set", "learner", "--add", "observer")
    assert (result.exit_code, "does not go with" in result.stderr) == (1, True)


def test_an_organization_is_found_by_its_whole_name_or_its_external_id() -> None:
    named = {"id": DISTRICT, "name": "Springfield", "external_ids": [{"source": "sis", "external_id": "D1"}]}
    other = {"id": "x", "name": "Springfield North", "external_ids": []}
    for name in ("springfield", "d1"):
        world = World(**{"GET /v1/organizations": page(other, named)})
        assert world.run("users", "list", "--org", name).exit_code == 0
        assert world.query_of("GET /v1/users")["org_id"] == DISTRICT
    result = World(**{"GET /v1/organizations": page(other, named)}).run("users", "list", "--org", "Spring")
    assert "No organization is known as 'Spring'" in result.stderr


def test_a_term_is_bought_with_just_what_was_said() -> None:
    world = World(**{"POST /v1/license-terms": TERM, f"GET /v1/organizations/{DISTRICT}": {"id": DISTRICT}})
    days = ["--starts", "2026-12-01", "--ends", "2027-11-24", "--grace-days", "14"]
    result = world.run("licenses", "create", "--org", DISTRICT, "--product", "observe", "--seats", "20", *days)
    assert result.exit_code == 0, result.output
    assert world.body_of("POST /v1/license-terms") == {
        "org_id": DISTRICT,
        "product": "observe",
        "seats": 20,
        "starts_at": "2026-12-01T00:00:00+00:00",
        "ends_at": "2027-11-24T00:00:00+00:00",
        "grace_days": 14,
    }


def test_a_term_is_changed_in_what_was_said_and_nothing_else() -> None:
    world = World(**{"PATCH /v1/license-terms/t": TERM})
    assert world.run("licenses", "change", "t", "--seats", "30").exit_code == 0
    assert world.body_of("PATCH /v1/license-terms/t") == {"seats": 30}
    assert "Say what is to be different" in world.run("licenses", "change", "t").stderr


def test_seats_of_a_named_person_are_asked_for_by_id() -> None:
    world = World(**{"GET /v1/seats": page(SEAT)})
    result = world.run("seats", "--user", "ada", "--state", "waitlisted")
    assert world.query_of("GET /v1/seats") == {"user_id": ADA, "state": "waitlisted", "limit": "50"}
    assert "role_granted" in result.stdout


def test_an_explanation_says_why_by_what_and_what_would_change_it() -> None:
    pool = {"capacity": 2, "assigned": 2, "waitlisted": 3}
    answer = {
        "product": "observe", "code": "waitlisted", "allowed": False, "words": "The person waits at position 2.",
        "evidence": {
            "role": "observer", "seat": SEAT, "pool": pool, "pool_then": {**pool, "waitlisted": 1},
            "term": TERM, "actor": "client:cli", "trace_id": "0af7",
        },
        "counterfactual": {"words": "Add seats of observe: 2.", "steps": []},
    }  # fmt: skip
    world = World(**{"GET /v1/explain": answer})
    printed = world.run("explain", "ada", "observe").stdout
    for told in (
        "may not use observe: waitlisted",
        "position 2",
        "3 wait",
        "1 waited",
        "usher trace 0af7",
        "Add seats",
    ):
        assert told in printed
    assert json.loads(world.run("explain", "ada", "observe", "--json").stdout) == answer


def test_a_token_is_printed_alone_so_that_a_shell_can_take_it() -> None:
    world = World(**{"POST /oauth/token": {"access_token": "abc", "expires_in": 600}})
    around = Outside(
        Environment({"USHER_TOKEN": "t", "USHER_CLIENT_ID": "c", "USHER_CLIENT_SECRET": "s"}),
        httpx2.MockTransport(lambda r: httpx2.Response(200, json=world.answers[f"{r.method} {r.url.path}"])),
    )
    result = CliRunner().invoke(app, ["token", "--role", "learner"], obj=around)
    assert (result.stdout, "ada" in result.stderr) == ("abc\n", True)
    nobody = World(**{"GET /v1/users": page()}).run("token", "--role", "reporter")
    assert (nobody.exit_code, "Nobody active holds reporter" in nobody.stderr) == (1, True)


def test_a_doctor_that_finds_something_names_it_and_fails() -> None:
    figures = {"tenant_id": "t", "people_active": 1, "undecided": 0, "outbox_waiting": 0, "seats": {}, "checksum": "0"}
    finding = {"code": "I1", "holds": "pools add up", "ok": False, "offenders": ["pool p: 4, counted 5"]}
    log = {"GET /v1/audit/keys": {"keys": [], "checkpoint_batches": 1}, "GET /v1/audit/logs": page()}
    answer = {"findings": [finding], "tenants": [figures], "deleted": {"people": 0, "left": 0}}
    world = World(**{"GET /v1/doctor": answer, **log})
    result = world.run("doctor", "--patience", "0")
    assert result.exit_code == 1
    assert "pool p: 4, counted 5" in result.stdout
    shown = json.loads(world.run("doctor", "--patience", "0", "--json").stdout)["items"]
    assert [one["code"] for one in shown if not one["ok"]] == ["I1"]
    assert [one["code"] for one in shown if one["ok"]][-1] == "I7"


def test_a_seat_is_withheld_with_a_note() -> None:
    world = World(**{f"POST /v1/seats/{ADA}/observe:withhold": SEAT | {"state": "withheld", "reason": "manual"}})
    done = world.run("seats", "withhold", "ada", "observe", "--note", "on leave")
    assert (done.exit_code, "withheld" in done.output) == (0, True)
    assert world.body_of(f"POST /v1/seats/{ADA}/observe:withhold") == {"note": "on leave"}
    assert world.run("seats", "lift", "ada", "observe").exit_code == 2


POOL = {"id": "p", "product": "observe"}
ELM = {f"GET /v1/organizations/{DISTRICT}": {"id": DISTRICT, "name": "Elm"}}
WAITING = {
    "position": 1, "user_id": ADA, "wanted_since": NOW, "role": "observer", "priority": 0, "line_order": 1,
    "expected_at": None,
}  # fmt: skip


def test_people_are_put_first_in_line() -> None:
    answers = {"GET /v1/pools/serving": page(POOL), "PUT /v1/pools/p/waitlist": page(WAITING)}
    world = World(**ELM, **answers, **{"GET /v1/pools/p/waitlist": page(WAITING)})
    where = ("--org", DISTRICT, "--product", "observe")
    done = world.run("waitlist", *where, "--first", "ada", "--note", "the course starts")
    assert (done.exit_code, "nobody can tell" in done.output) == (0, True)
    assert world.body_of("PUT /v1/pools/p/waitlist") == {"user_ids": [ADA], "note": "the course starts"}
    refused = world.run("waitlist", *where, "--first", "ada")
    assert (refused.exit_code, "--note" in refused.output) == (1, True)
    elsewhere = world.run("waitlist", "--org", DISTRICT, "--product", "chess")
    assert (elsewhere.exit_code, "No pool of chess" in elsewhere.output) == (1, True)


def test_what_is_too_much_is_shown_and_taken() -> None:
    holder = {"user_id": ADA, "org_id": DISTRICT, "assigned_since": NOW, "last_login_at": None}
    excess = {"pool_id": "p", "seats": 1, "under": {"last_assigned": [holder]}}
    world = World(
        **{
            "GET /v1/pools/serving": page(POOL),
            "GET /v1/pools/p/excess": excess,
            "POST /v1/pools/p/excess:release": {"pool_id": "p", "user_ids": [ADA]},
            **ELM,
        }
    )
    where = ("licenses", "excess", "--org", DISTRICT, "--product", "observe")
    assert "last_assigned: 1 seats beyond the license" in world.run(*where).output
    done = world.run(*where, "--release", "last_assigned", "--note", "fewer")
    assert "1 people wait now" in done.output
    assert world.body_of("POST /v1/pools/p/excess:release") == {"policy": "last_assigned", "seats": 1, "note": "fewer"}


def test_a_term_is_ended() -> None:
    world = World(**{"POST /v1/license-terms/t:end": TERM | {"state": "ended"}})
    done = world.run("licenses", "end", "t")
    assert (done.exit_code, "ended" in done.output) == (0, True)


CALENDAR = f"/v1/organizations/{DISTRICT}/calendar"
WINTER = {"name": "Winter", "first": "2026-12-21", "last": "2027-01-03"}


@pytest.mark.parametrize(
    ("arguments", "entered"),
    [
        (["--break", "2026-12-21..2027-01-03=Winter"], [WINTER]),
        (["--break", "2027-05-31..2027-05-31"], [{"name": "Break", "first": "2027-05-31", "last": "2027-05-31"}]),
        (["--no-breaks"], []),
        (["--inherit"], None),
    ],
)
def test_a_calendar_is_entered_whole(arguments: list[str], entered: Any) -> None:
    answer = {"org_id": DISTRICT, "breaks": [WINTER], "set_at": DISTRICT, "set_by": "administrator"}
    world = World(**{f"GET /v1/organizations/{DISTRICT}": {"id": DISTRICT}, f"PUT {CALENDAR}": answer})
    result = world.run("calendar", "set", DISTRICT, *arguments)
    assert world.body_of(f"PUT {CALENDAR}") == {"breaks": entered}
    assert "Winter" in result.stdout
    assert "its own, by administrator" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["--inherit", "--no-breaks"], ["--break", "Winter"]])
def test_a_calendar_that_is_not_clear_is_not_entered(arguments: list[str]) -> None:
    result = World().run("calendar", "set", DISTRICT, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_calendar_that_nobody_set_is_shown_so() -> None:
    answer: Any = {"org_id": DISTRICT, "breaks": [], "set_at": None, "set_by": None}
    world = World(**{f"GET /v1/organizations/{DISTRICT}": {"id": DISTRICT}, f"GET {CALENDAR}": answer})
    assert "every day counts" in world.run("calendar", "show", DISTRICT).stderr


def test_a_simulation_is_shown_before_and_after() -> None:
    seat = {"user_id": ADA, "product": "observe", "org_id": DISTRICT, "before": "none", "after": "waitlisted"}
    figures = {"license_state": "active", "capacity": 5, "assigned": 5, "waitlisted": 0, "suspended": 0}
    answer = {
        "as_of": NOW,
        "totals": {"observe": {"waits": 1}},
        "people": [seat | {"outcome": "waits", "reason": "role_granted", "position": 1}],
        "pools": [
            {"product": "observe", "org_id": DISTRICT, "before": figures, "after": figures | {"waitlisted": 1}},
            {"product": "learn", "org_id": DISTRICT, "before": None, "after": figures},
        ],
    }
    world = World(**ELM, **{"POST /v1/simulate": answer})
    done = world.run(
        "simulate", "--org", DISTRICT, "--user", "ada", "--roles", "learner, observer", "--term", "t", "--seats", "5",
        "--until", "2026-12-24",
    )  # fmt: skip
    assert (done.exit_code, "0 → 1" in done.output, "new → 5" in done.output) == (0, True, True)
    assert world.body_of("POST /v1/simulate") == {
        "org_id": DISTRICT,
        "people": [{"user_id": ADA, "roles": ["learner", "observer"]}],
        "terms": [{"id": "t", "seats": 5}],
        "until": "2026-12-24T00:00:00+00:00",
    }


def test_a_file_that_supposes_nothing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "supposed.json"
    file.write_text("[]")
    refused = World(**ELM).run("simulate", "--org", DISTRICT, str(file))
    assert (refused.exit_code, "no JSON object" in refused.output) == (1, True)
    missing = World(**ELM).run("simulate", "--org", DISTRICT, str(tmp_path / "none.json"))
    assert missing.exit_code == 1


POLICY = {
    "org_id": DISTRICT, "product": "learn", "window_days": 30, "warn_days": 20, "reclaim_days": 60, "keep_days": 30,
    "set_at": DISTRICT,
}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "days"),
    [
        (["--inactive", "30", "--warn", "20", "--reclaim", "60"], [30, 20, 60, None]),
        (["--inactive", "30", "--keep", "90"], [30, None, None, 90]),
        (["--inherit"], [None, None, None, None]),
    ],
)
def test_a_policy_is_set_whole(arguments: list[str], days: list[int | None]) -> None:
    world = World(**ELM, **{"PUT /v1/policies": POLICY})
    done = world.run("usage", "set-policy", "learn", "--org", DISTRICT, *arguments)
    assert done.exit_code == 0, done.output
    names = ("window_days", "warn_days", "reclaim_days", "keep_days")
    asked = dict(zip(names, days, strict=True))
    assert world.body_of("PUT /v1/policies") == {"org_id": DISTRICT, "product": "learn", **asked}
    assert "60" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--inherit", "--inactive", "30"]])
def test_a_policy_is_days_or_inherited(arguments: list[str]) -> None:
    result = World(**ELM).run("usage", "set-policy", "learn", "--org", DISTRICT, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_seat_is_kept_for_its_holder() -> None:
    path = f"POST /v1/activity/{ADA}/observe:keep"
    done = World(**{path: {"product": "observe", "kept_until": NOW}}).run("usage", "keep", "ada", "observe")
    assert "kept until 2026-11-24" in done.stderr


def test_unused_seats_are_listed() -> None:
    unused = {
        "product": "learn", "activity": "never_used", "since": NOW, "last_login_at": None, "reclaim_due": NOW,
        "kept_until": None, "user_id": ADA,
    }  # fmt: skip
    world = World(**ELM, **{"GET /v1/inactive-seats": page(unused)})
    assert "never_used" in world.run("usage", "inactive", "--org", DISTRICT).stdout
    assert world.query_of("GET /v1/inactive-seats") == {"org_id": DISTRICT, "limit": "50"}
