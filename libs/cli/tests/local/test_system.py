"""`usher up`, `usher down` and `usher status`, with stand-ins for the services."""

import json
import socket
import time
from dataclasses import replace

import pytest

from usher_cli import local
from usher_cli.local import Clone, background, env_file, services, state
from usher_cli.local.definition import SECRETS, SERVICES
from usher_cli.servers import ServerError

from .conftest import GIVEN, free_base


def pids(clone: Clone) -> dict[str, int | None]:
    return {row.name: row.pid for row in state.rows(clone)}


def test_up_migrates_and_starts_every_service_and_mail(clone: Clone) -> None:
    said: list[str] = []
    settings = local.start(clone, said.append)
    base = int(clone.environment["USHER_PORT_BASE"])
    assert settings["USHER_REPORTING_URL"] == f"http://127.0.0.1:{base + 5}"
    assert all(services.unreadiness(service.port(base)) is None for service in SERVICES)
    migrated = {path.stem for path in clone.programs.glob("*.migrated")}
    assert migrated == {"usher-identity", "usher-entitlements", "usher-usage", "usher-notifications", "usher-reporting"}
    titles = ["Console", "Entitlements", "Identity", "Mail", "Notifications", "Reporting", "Usage"]
    assert sorted(line.partition(" (")[0] for line in said) == [f"{title} started" for title in titles]
    states = {row.name: row.state for row in state.rows(clone)}
    assert states == {service.name: "ready" for service in SERVICES} | {"mail": "ready"} | dict.fromkeys(
        ["PostgreSQL", "RabbitMQ", "Redis"], "given"
    )


def test_a_second_up_finds_all_running_quickly_and_changes_nothing(clone: Clone) -> None:
    first = local.start(clone, lambda _: None)
    written, running = (clone.home / "env").stat().st_mtime_ns, pids(clone)
    began = time.monotonic()
    said: list[str] = []
    assert local.start(clone, said.append) == first
    assert time.monotonic() - began < 2
    assert (clone.home / "env").stat().st_mtime_ns == written
    assert pids(clone) == running
    assert all(" runs (" in line for line in said)


def test_down_stops_everything_and_up_keeps_the_secrets(clone: Clone) -> None:
    first = local.start(clone, lambda _: None)
    local.stop(clone, lambda _: None)
    assert not any(pids(clone).values())
    again = local.start(clone, lambda _: None)
    assert {name: again[name] for name in SECRETS} == {name: first[name] for name in SECRETS}


def test_a_service_that_died_is_started_again_and_the_others_stay(clone: Clone) -> None:
    local.start(clone, lambda _: None)
    before = pids(clone)
    usage = next(service for service in SERVICES if service.name == "usage")
    background.end(services.program(clone, usage, env_file.earlier(clone.home)), lambda _: None)
    local.start(clone, lambda _: None)
    after = pids(clone)
    assert [name for name in before if before[name] != after[name]] == ["usage"]


def test_a_service_that_runs_but_cannot_be_ready_is_shown_and_started_anew(clone: Clone) -> None:
    local.start(clone, lambda _: None)
    before = pids(clone)
    (clone.programs / "usher-usage.behind").touch()
    assert [row.state for row in state.rows(clone) if row.name == "usage"] == [
        "not ready: database: migrations are missing"
    ]
    local.start(clone, lambda _: None)
    assert all(row.state in ("ready", "given") for row in state.rows(clone))
    assert [name for name, pid in pids(clone).items() if before[name] != pid] == ["usage"]


def test_services_move_to_another_port_base(clone: Clone) -> None:
    local.start(clone, lambda _: None)
    base = free_base()
    moved = replace(clone, environment={**clone.environment, "USHER_PORT_BASE": str(base)})
    assert local.start(moved, lambda _: None)["USHER_CONSOLE_URL"] == f"http://127.0.0.1:{base}"
    assert services.unreadiness(base) is None
    assert services.unreadiness(int(clone.environment["USHER_PORT_BASE"])) == "it does not answer"


def test_the_port_base_is_remembered(clone: Clone) -> None:
    first = local.start(clone, lambda _: None)
    silent = replace(clone, environment=GIVEN)
    assert local.start(silent, lambda _: None) == first


def test_a_port_base_that_is_no_port_is_refused(clone: Clone) -> None:
    with pytest.raises(ServerError, match="USHER_PORT_BASE is 'high': give a number"):
        local.start(replace(clone, environment={"USHER_PORT_BASE": "high"}), lambda _: None)


def test_a_taken_port_is_named_with_its_holder_before_anything_starts(clone: Clone) -> None:
    base = int(clone.environment["USHER_PORT_BASE"])
    said: list[str] = []
    with socket.create_server(("127.0.0.1", base + 1)), pytest.raises(ServerError) as refused:
        local.start(clone, said.append)
    assert f"port {base + 1}, which identity needs, is taken by" in str(refused.value)
    assert "(pid " in str(refused.value)
    assert f"USHER_PORT_BASE={base + 1000}" in str(refused.value)
    assert said == []


@pytest.mark.parametrize(
    ("role", "message"),
    [("all", "Usage stopped while starting"), ("migrate", "Usage's database cannot be brought up to date")],
)
def test_a_service_that_fails_is_shown_with_its_last_words_and_advice(clone: Clone, role: str, message: str) -> None:
    (clone.programs / "usher-usage.fails").write_text(json.dumps({role: "the disk is full"}))
    with pytest.raises(ServerError) as failed:
        local.start(clone, lambda _: None)
    said = str(failed.value)
    assert said.startswith(message)
    assert "\n  the disk is full\n" in said
    assert str(clone.log / "usage.log") in said
    assert said.endswith("run `usher up` again.")


def test_a_program_that_is_not_installed_is_named(clone: Clone) -> None:
    (clone.programs / "usher-console").unlink()
    with pytest.raises(ServerError, match="usher-console is missing: run `make install`"):
        local.start(clone, lambda _: None)


def test_the_settings_are_for_their_owner_alone_and_a_shell_can_read_them(clone: Clone) -> None:
    settings = local.start(clone, lambda _: None)
    file = clone.home / "env"
    assert file.stat().st_mode & 0o777 == 0o600
    assert env_file.earlier(clone.home) == settings
    assert settings["USHER_CLOCK_FILE"] == str(clone.home / "clock")


def test_a_shell_that_sourced_the_settings_gives_our_own_mail_server_back(clone: Clone) -> None:
    first = local.start(clone, lambda _: None)
    sourced = replace(clone, environment={**clone.environment, **first})
    local.stop(sourced, lambda _: None)
    assert local.start(sourced, lambda _: None) == first
    assert pids(sourced)["mail"]


def test_a_mail_server_given_from_outside_is_used(clone: Clone) -> None:
    outside = replace(clone, environment={**clone.environment, "USHER_SMTP_URL": "smtp://mail.example:25"})
    assert local.start(outside, lambda _: None)["USHER_SMTP_URL"] == "smtp://mail.example:25"
    assert pids(outside)["mail"] is None
