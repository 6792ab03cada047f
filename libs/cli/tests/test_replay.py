"""`usher replay`: a rebuild followed to its end, asked about, cancelled; and what a failed one says."""

from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from usher_cli.clients.session import Outside
from usher_cli.commands.replay import how_far
from usher_cli.environment import Environment
from usher_cli.main import app

TYPE = {"type": "usher.entitlements.seat.changed.v1", "expected": 90, "arrived": 60, "told": None}
FILLING: dict[str, Any] = {
    "id": "r-1", "state": "filling", "asked_by": "client:usher", "asked_at": "2026-11-24T12:00:00Z",
    "started_at": "2026-11-24T12:00:01Z", "finished_at": None, "tenants": 0, "exchanged": 0, "corrected": 0,
    "error": None, "owners": [{"service": "entitlements", "has_ended": False, "types": [TYPE]}],
}  # fmt: skip
OVER = {**FILLING, "finished_at": "2026-11-24T12:01:00Z", "tenants": 2, "exchanged": 2, "corrected": 1_204}
DONE, CANCELLED = {**OVER, "state": "done"}, {**OVER, "state": "cancelled"}
FAILED = {**OVER, "state": "failed", "error": "entitlements told 100 of seat.changed, and 99 came"}


class Reporting:
    """Answers with these states, one after the other."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states, self.asked = list(states), list[str]()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if request.method == "GET" and request.url.path == "/v1/rebuilds":
            return httpx2.Response(200, json={"items": self.states[:1], "next_cursor": None})
        return httpx2.Response(200, json=self.states.pop(0) if len(self.states) > 1 else self.states[0])

    def run(self, *arguments: str) -> Any:
        around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(self))
        return CliRunner().invoke(app, ["replay", *arguments], obj=around)


def test_a_rebuild_is_followed_to_its_end() -> None:
    reporting = Reporting(FILLING, DONE)
    result = reporting.run("reporting")
    assert result.exit_code == 0
    assert reporting.asked == ["POST /v1/rebuilds", "GET /v1/rebuilds/r-1"]
    assert "done: 2 of 2 tenants exchanged, 1,204 rows corrected" in result.stdout
    assert "seat.changed" in result.stdout


def test_a_rebuild_is_started_shown_and_cancelled_without_waiting() -> None:
    reporting = Reporting(FILLING)
    assert "filling" in reporting.run("reporting", "--no-wait").stdout
    assert "telling" in reporting.run("--status").stdout
    assert reporting.run("--cancel").exit_code == 0
    assert reporting.asked == [
        "POST /v1/rebuilds",
        "GET /v1/rebuilds",
        "GET /v1/rebuilds",
        "POST /v1/rebuilds/r-1:cancel",
    ]


@pytest.mark.parametrize(
    ("states", "arguments", "told"),
    [
        ([FILLING, FAILED], ["reporting"], "entitlements told 100 of seat.changed, and 99 came"),
        ([FILLING, CANCELLED], ["reporting"], "was cancelled"),
        ([], ["--status"], "There was no rebuild yet"),
        ([FILLING], ["usage"], "Say what is to be made anew: usher replay reporting"),
        ([FILLING], ["--status", "--cancel"], "not for both"),
    ],
)
def test_what_does_not_end_well_is_said(states: list[dict[str, Any]], arguments: list[str], told: str) -> None:
    result = Reporting(*states).run(*arguments)
    assert result.exit_code == 1
    assert told in " ".join(result.stderr.split())


def test_the_bar_goes_by_what_is_told_and_never_beyond_its_end() -> None:
    assert how_far(FILLING) == (60, 90)
    more = {**TYPE, "arrived": 130, "told": 120}
    assert how_far({**FILLING, "owners": [{"service": "entitlements", "types": [more]}]}) == (130, 130)
    assert how_far({**OVER, "state": "exchanging", "exchanged": 1}) == (1, 2)
