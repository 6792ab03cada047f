"""Calls to services: whose token goes along, pages followed by their cursor, refusals told in one paragraph."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer
from typer.testing import CliRunner

from usher_cli.clients.calls import AwayError, RefusedError
from usher_cli.clients.session import Outside, open_session
from usher_cli.environment import Environment, find_environment, read_file
from usher_cli.failure import Failing, Failure
from usher_cli.main import app

Answer = Callable[[httpx2.Request], httpx2.Response]
CLIENT = {"USHER_CLIENT_ID": "cli", "USHER_CLIENT_SECRET": "s3cret"}


def around(answer: Answer, **settings: str) -> Outside:
    return Outside(Environment(settings or {"USHER_TOKEN": "t"}), httpx2.MockTransport(answer))


def problem(status: int, **document: Any) -> httpx2.Response:
    headers = {"content-type": "application/problem+json"}
    return httpx2.Response(status, content=json.dumps({"status": status, **document}), headers=headers)


def test_a_given_token_goes_before_credentials() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"token": request.headers["authorization"]})

    with open_session(around(answer, USHER_TOKEN="given", **CLIENT)) as session:
        assert session.reporting.dashboard(None) == {"token": "Bearer given"}


def test_client_credentials_get_one_token_for_many_calls() -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        if request.url.path == "/oauth/token":
            assert request.headers["authorization"].startswith("Basic ")
            assert dict(httpx2.QueryParams(request.content.decode())) == {
                "grant_type": "client_credentials",
                "scope": "admin",
            }
            return httpx2.Response(200, json={"access_token": "got", "expires_in": 600})
        return httpx2.Response(200, json={"token": request.headers["authorization"]})

    with open_session(around(answer, **CLIENT)) as session:
        assert session.reporting.dashboard(None) == {"token": "Bearer got"}
        session.entitlements.doctor()
    assert asked == ["/oauth/token", "/v1/dashboard", "/v1/doctor"]


def test_without_any_credentials_it_says_where_they_come_from() -> None:
    with (
        open_session(Outside(Environment({}), httpx2.MockTransport(lambda _: httpx2.Response(200)))) as session,
        pytest.raises(Failure, match=r"USHER_TOKEN.*usher up"),
    ):
        session.reporting.dashboard(None)


def test_every_page_is_followed_by_its_cursor() -> None:
    pages = {None: {"items": [1, 2], "next_cursor": "b"}, "b": {"items": [3], "next_cursor": None}}

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.params["org_id"] == "o"
        return httpx2.Response(200, json=pages[request.url.params.get("cursor")])

    with open_session(around(answer)) as session:
        assert session.identity.users(every=True, org_id="o") == {"items": [1, 2, 3], "next_cursor": None}
        assert session.identity.users(org_id="o") == pages[None]


@pytest.mark.parametrize(
    ("story", "answer", "told"),
    [
        (
            "a validation",
            problem(
                422,
                detail="Seats are 0 or more.",
                trace_id="abc",
                errors=[
                    {"pointer": "/seats", "detail": "Seats are 0 or more."},
                    {"pointer": "/ends_at", "detail": "ends before it starts"},
                ],
            ),
            "entitlements answered 422: Seats are 0 or more. /ends_at: ends before it starts Trace abc.",
        ),
        (
            "a refusal",
            problem(403, detail="Not yours."),
            "answered 403: Not yours. Use a token of somebody",
        ),
        ("no problem document", httpx2.Response(502, text="<html>"), "entitlements answered 502: Bad Gateway"),
        ("an OAuth error", httpx2.Response(400, json={"error": "invalid_client"}), "answered 400: invalid_client"),
    ],
)
def test_a_refusal_is_one_paragraph(story: str, answer: httpx2.Response, told: str) -> None:
    with open_session(around(lambda _: answer)) as session, pytest.raises(RefusedError) as refused:
        session.entitlements.doctor()
    assert told in str(refused.value), story
    assert "\n" not in str(refused.value)
    assert refused.value.status == answer.status_code


def test_a_service_that_is_down_is_named_with_what_starts_it() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    down = around(answer, USHER_TOKEN="t", USHER_REPORTING_URL="http://there:9")
    with open_session(down) as session, pytest.raises(AwayError, match=r"at http://there:9 .*usher up"):
        session.reporting.dashboard(None)


@pytest.mark.parametrize(
    ("story", "items", "told"),
    [
        ("nobody", [], "No person is known as 'ada'"),
        (
            "two",
            [{"id": "1", "user_name": "ada"}, {"id": "2", "user_name": "Ada"}],
            "More than one .*ada \\(1\\), Ada \\(2\\)",
        ),
    ],
)
def test_a_name_stands_for_exactly_one_person(story: str, items: list[dict[str, str]], told: str) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.params["identifier"] == "ada", story
        return httpx2.Response(200, json={"items": items})

    with open_session(around(answer)) as session, pytest.raises(Failure, match=told):
        session.identity.find_user("ada")


def test_the_environment_goes_before_the_nearest_file(tmp_path: Path) -> None:
    (tmp_path / ".usher").mkdir()
    (tmp_path / ".usher/env").write_text("# made by up\nUSHER_TOKEN='a b'\nexport USHER_IDENTITY_URL=http://file:1\n\n")
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    found = find_environment({"USHER_IDENTITY_URL": "http://outside:2", "USHER_TOKEN": ""}, deep)
    assert (found.url("identity"), found.get("USHER_TOKEN")) == ("http://outside:2", "a b")
    assert found.url("usage") == "http://127.0.0.1:8003"
    assert found.file == tmp_path / ".usher/env"


def test_a_file_may_quote_as_a_shell_does(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text('A="x y"\nB=amqp://u:p%2F@h:1/\nC=\n')
    assert read_file(file) == {"A": "x y", "B": "amqp://u:p%2F@h:1/", "C": ""}


def test_failures_end_with_status_1_and_their_text_on_stderr() -> None:
    failing = typer.Typer(cls=Failing)

    @failing.command()
    def break_down() -> None:
        raise Failure("It is [red]down[/red]; start it.")

    @failing.command()
    def other() -> None:
        pass

    result = CliRunner().invoke(failing, ["break-down"])
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "usher: It is [red]down[/red]; start it.\n")


def test_a_dashboard_is_printed_as_the_api_gave_it_or_as_tables() -> None:
    product = {
        "product": "learn", "total_licensed": 10, "assigned": 4, "available": 6, "waitlisted": 0,
        "usage_percentage": 40.0, "active_users": 3, "inactive_users": 1, "never_used_users": 0,
        "utilization_percentage": 75.0, "license_state": "expiring", "over_allocated": False,
        "ends_at": "2026-12-31T00:00:00Z",
    }  # fmt: skip
    answer = {"as_of": "2026-11-24T12:00:00Z", "products": [product], "upcoming_renewals": [], "more": "ünchanged"}
    outside = around(lambda _: httpx2.Response(200, json=answer))
    result = CliRunner().invoke(app, ["dashboard", "--json"], obj=outside)
    assert (result.exit_code, json.loads(result.stdout)) == (0, answer)
    result = CliRunner().invoke(app, ["dashboard"], obj=outside)
    assert result.exit_code == 0
    assert "75.0 %" in result.stdout
    assert "2026-12-31" in result.stdout


def test_usage_over_time_is_asked_for_by_day_or_by_month() -> None:
    asked: list[str] = []
    month = {"starts_on": "2026-11-01", "active_people": 412, "logins": 655}

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url.params))
        words = {"period": "month", "since": "2026-01-01", "until": "2026-11-24", "items": [month]}
        return httpx2.Response(200, json=words)

    told = CliRunner().invoke(app, ["report", "usage", "--by-month", "--since", "2026-01-05"], obj=around(answer))
    assert told.exit_code == 0
    assert asked == ["period=month&since=2026-01-05"]
    assert "2026-11-01" in told.stdout
    assert "412" in told.stdout
    told = CliRunner().invoke(app, ["report", "usage", "--since", "tomorrow"], obj=around(answer))
    assert told.exit_code == 2
