"""Reports as files: what is asked for, how long is waited, and what lies there in the end."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from usher_cli import exporting
from usher_cli.clients.session import Outside
from usher_cli.environment import Environment
from usher_cli.main import app

ORG = "0192f0c0-0000-7000-8000-000000000001"
ID = "0192f0c0-0000-7000-8000-0000000000ee"
FILE = {"name": "usher-claims.csv", "rows": 2, "bytes": 9, "expires_at": "2026-12-01T12:00:00Z"}


def job(state: str, **rest: Any) -> dict[str, Any]:
    named = {"id": ID, "report": "claims", "format": "csv", "created_at": "2026-11-24T12:00:00Z"}
    told = {"progress": {"phase": "rows", "done": 1, "total": None}, "file": None, "removed": None, "error": None}
    return {**named, **told, "state": state, **rest}


class Reporting:
    """Answers with one state of the export after the other, and with its file."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = list(states)
        self.asked: list[Any] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((request.method, request.url.path, json.loads(request.content or b"null")))
        if request.url.path.endswith("/file"):
            return httpx2.Response(200, content=b"at\nthen\n")
        if request.method == "DELETE":
            return httpx2.Response(204)
        if request.method == "GET" and request.url.path == "/v1/exports":
            return httpx2.Response(200, json={"items": self.states, "next_cursor": None})
        return httpx2.Response(200, json=self.states.pop(0))

    def run(self, *arguments: str) -> Any:
        around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(self))
        return CliRunner().invoke(app, list(arguments), obj=around)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAUSE_SECONDS", 0)


def test_a_report_is_asked_for_waited_for_and_saved(tmp_path: Path) -> None:
    reporting = Reporting(job("waiting"), job("running"), job("done", file=FILE))
    into = tmp_path / "claims.csv"
    result = reporting.run("report", "claims", "--export", str(into), "--filter", "kind=promoted")
    assert result.exit_code == 0, result.output
    asked = {"report": "claims", "format": "csv", "org_id": None, "filters": {"kind": "promoted"}, "at": None}
    assert reporting.asked[0] == ("POST", "/v1/exports", asked)
    assert reporting.asked[-1][:2] == ("GET", f"/v1/exports/{ID}/file")
    assert into.read_text() == "at\nthen\n"
    assert [one.name for one in tmp_path.iterdir()] == ["claims.csv"]
    assert "2 rows" in result.stderr


def test_what_a_report_shows_by_options_its_file_is_narrowed_by(tmp_path: Path) -> None:
    reporting = Reporting(job("done", file=FILE))
    into = str(tmp_path / "usage.parquet")
    assert reporting.run("report", "usage", "--by-month", "--since", "2026-01-02", "--export", into).exit_code == 0
    asked = {"report": "usage", "format": "parquet", "org_id": None, "at": None}
    assert reporting.asked[0][2] == {**asked, "filters": {"period": "month", "since": "2026-01-02"}}


def test_a_failed_export_says_why_and_leaves_no_file(tmp_path: Path) -> None:
    error = {"code": "too_large", "detail": "The file would be larger than 1 MiB"}
    result = Reporting(job("failed", error=error)).run("report", "audit", "--export", str(tmp_path / "a.xlsx"))
    assert result.exit_code == 1
    assert "audit was not exported: The file would be larger" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"), [(["claims.doc"], "says no format"), (["c.csv", "--filter", "kind"], "NAME=VALUE")]
)
def test_what_makes_no_sense_is_told_before_anything_is_asked(arguments: list[str], said: str) -> None:
    reporting = Reporting()
    result = reporting.run("report", "claims", "--export", *arguments)
    assert (result.exit_code, reporting.asked) == (1, [])
    assert said in result.stderr


def test_exports_are_listed_saved_and_removed(tmp_path: Path) -> None:
    reporting = Reporting(job("done", file=FILE), job("done", removed="expired"))
    listed = reporting.run("exports", "list").stdout
    assert "expired" in listed
    assert ID in listed
    into = tmp_path / "again.csv"
    assert reporting.run("exports", "download", ID, str(into)).exit_code == 0
    assert into.exists()
    assert reporting.run("exports", "remove", ID).exit_code == 0
    assert reporting.asked[-1][:2] == ("DELETE", f"/v1/exports/{ID}")


ANN = {"id": "one", "user_name": "ann", "display_name": "Ann", "email": "ann@example.org", "external_ids": []}
SCHEDULE = {
    "id": ID, "report": "claims", "format": "xlsx", "cron": "0 6 * * 1", "time_zone": "America/New_York",
    "next_at": "2026-11-30T11:00:00Z", "last_at": None, "recipients": ["one"],
}  # fmt: skip


def test_a_schedule_names_its_report_its_time_and_whom_it_is_for() -> None:
    asked: list[Any] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, json.loads(request.content or b"null")))
        found = {f"/v1/organizations/{ORG}": {"id": ORG}, "/v1/users": {"items": [ANN]}}
        if request.method == "DELETE":
            return httpx2.Response(204)
        listed = {"items": [SCHEDULE], "next_cursor": None}
        schedules = SCHEDULE if request.method == "POST" else listed
        return httpx2.Response(200, json=found.get(request.url.path, schedules))

    def run(*arguments: str) -> Any:
        around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(answer))
        result = CliRunner().invoke(app, ["report", *arguments], obj=around)
        assert result.exit_code == 0, result.output
        return result

    made = run(
        "schedule", "claims", "--org", ORG, "--cron", "0 6 * * 1", "--to", "ann@example.org", "--filter", "kind=x"
    )
    assert "next at 2026-11-30 11:00 UTC" in made.stderr
    [(_, _, body)] = [one for one in asked if one[:2] == ("POST", "/v1/report-schedules")]
    assert (body["cron"], body["recipients"], body["filters"]) == ("0 6 * * 1", ["one"], {"kind": "x"})
    assert "America/New_York" in run("schedules").stdout
    run("unschedule", ID)
    assert asked[-1][:2] == ("DELETE", f"/v1/report-schedules/{ID}")
