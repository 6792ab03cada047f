"""`usher dead`: what it asks of each service, and what it prints."""

import json
from typing import Any

import httpx2
from typer.testing import CliRunner

from usher_cli.clients.session import Outside
from usher_cli.environment import Environment
from usher_cli.main import app

LETTER = {
    "id": "m-1", "cause": "c0ffee11", "type": "usher.identity.user.changed.v1", "subject": "s", "tenant_id": None,
    "reason": "invalid", "detail": "/version: not a number", "trace_id": "t-1", "at": "2026-11-24T12:00:00Z",
    "content_type": "application/json", "body": "{}",
}  # fmt: skip
OTHER = {**LETTER, "id": "m-2", "cause": "0ther222"}
CAUSE = {"letters": 1, **{name: LETTER[name] for name in ("cause", "reason", "type", "detail")}}


class Services:
    """Usage has two dead letters, the others none."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, Any]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            body = json.loads(request.content)
            self.posted.append((f"{request.url.port}{request.url.path}", body))
            return httpx2.Response(200, json={"letters": len(body.get("ids", "1"))})
        has_some = request.url.port == 8003
        items, causes = ([LETTER, OTHER], [CAUSE]) if has_some else ([], [])
        return httpx2.Response(200, json={"causes": causes, "items": items, "next_cursor": None})

    def run(self, *arguments: str) -> Any:
        around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(self))
        return CliRunner().invoke(app, ["dead", *arguments], obj=around)


def test_list_groups_by_cause_over_all_services() -> None:
    result = Services().run("list")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split()[:4] == ["usage", "c0ffee11", "1", "invalid"]


def test_show_finds_a_letter_wherever_it_lies() -> None:
    result = Services().run("show", "m-1")
    assert result.exit_code == 0
    assert "/version: not a number" in result.stdout
    assert Services().run("show", "m-9").exit_code == 1


def test_replay_goes_to_the_service_that_has_the_letters_by_cause_and_by_id() -> None:
    services = Services()
    result = services.run("replay", "c0ffee11", "m-2")
    assert result.exit_code == 0
    assert services.posted == [
        ("8003/v1/dead-letters:replay", {"cause": "c0ffee11"}),
        ("8003/v1/dead-letters:replay", {"ids": ["m-2"]}),
    ]


def test_discarding_all_needs_a_service() -> None:
    services = Services()
    assert services.run("discard", "--all").exit_code == 1
    assert services.run("discard", "unknown").exit_code == 1
    assert services.posted == []
    assert services.run("discard", "--all", "--service", "usage").exit_code == 0
    assert services.posted == [("8003/v1/dead-letters:discard", {"all": True})]
