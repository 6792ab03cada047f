"""Logins for BI: made by name, shown with their password once, and found again by it."""

import json
from typing import Any

import httpx2
from typer.testing import CliRunner

from usher_cli.clients.session import Outside
from usher_cli.environment import Environment
from usher_cli.main import app

TENANT = "0192f0c0-0000-7000-8000-000000000001"
LOGIN: dict[str, Any] = {
    "id": "0192f0c0-0000-7000-8000-0000000000bb", "name": "warehouse", "tenant_id": TENANT, "role": "usher_bi_1",
    "created_at": "2026-11-24T12:00:00Z", "created_by": "client:usher", "rotated_at": None,
}  # fmt: skip
TOLD = {**LOGIN, "database": "usher_reporting", "schema_name": "bi_v1", "password": "once-and-never-again"}


class Reporting:
    def __init__(self, *logins: dict[str, Any]) -> None:
        self.logins, self.asked = list(logins), list[Any]()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((request.method, request.url.path, json.loads(request.content or b"null")))
        if request.url.path.startswith("/v1/organizations"):
            return httpx2.Response(200, json={"id": TENANT})
        if request.method == "DELETE":
            return httpx2.Response(204)
        listed = {"items": self.logins, "next_cursor": None}
        return httpx2.Response(200, json=TOLD if request.method == "POST" else listed)

    def run(self, *arguments: str) -> Any:
        around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(self))
        return CliRunner().invoke(app, ["bi", *arguments], obj=around)


def test_a_login_is_made_and_told_with_its_password() -> None:
    reporting = Reporting()
    result = reporting.run("add", "warehouse", "--org", TENANT)
    assert reporting.asked[-1] == ("POST", "/v1/bi-users", {"name": "warehouse", "org_id": TENANT})
    for told in ("usher_reporting", "bi_v1", "usher_bi_1", "once-and-never-again"):
        assert told in result.stdout
    assert "note it now" in result.stderr


def test_a_login_is_found_by_its_name_where_one_has_it() -> None:
    reporting = Reporting(LOGIN)
    assert "once-and-never-again" in reporting.run("rotate", "warehouse").stdout
    assert reporting.asked[-1][1] == f"/v1/bi-users/{LOGIN['id']}:rotate"
    assert reporting.run("remove", LOGIN["id"]).exit_code == 0
    assert reporting.asked[-1][:2] == ("DELETE", f"/v1/bi-users/{LOGIN['id']}")
    assert "No login is called finance" in reporting.run("remove", "finance").stderr
    twice = Reporting(LOGIN, {**LOGIN, "id": "other"}).run("remove", "warehouse")
    assert (twice.exit_code, "More than one" in twice.stderr) == (1, True)


def test_logins_are_listed_without_passwords() -> None:
    assert "warehouse" in Reporting(LOGIN).run("list").stdout
