"""docker-compose.yml runs what `usher up` runs: the same commands, settings, ports and health checks."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from usher_cli.environment import elsewhere
from usher_cli.local import Clone, env_file
from usher_cli.local.definition import MAIL_PROGRAM, READY_PATH, SERVICES, Service
from usher_cli.servers import Addresses, containers, postgres, rabbitmq, redis

CLONE = Path(__file__).parents[4]
NATIVE_ONLY = {"USHER_PORT_BASE", "USHER_SPAN_STORE"}
"""Containers keep their ports, and send their spans to Jaeger."""
CONTAINERS_ONLY = {"USHER_ISSUER", "USHER_HOST", "USHER_PORT", "OTEL_EXPORTER_OTLP_ENDPOINT"}
SERVERS = {"postgres", "rabbitmq", "redis"}


def resolved(text: str) -> str:
    """The file as compose reads it where nothing is set outside."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(resolved((CLONE / "docker-compose.yml").read_text()))
    return loaded


@pytest.fixture(params=SERVICES, ids=lambda service: service.name)
def service(request: pytest.FixtureRequest) -> Service:
    found: Service = request.param
    return found


def test_commands_are_those_that_run_natively(compose: dict[str, Any], service: Service) -> None:
    assert compose["services"][service.name]["command"] == [*service.command]


def test_a_database_is_brought_up_to_date_before_its_service_starts(compose: dict[str, Any], service: Service) -> None:
    migration = compose["services"].get(f"{service.name}-migrate", {})
    assert migration.get("command", []) == [*service.migration]
    if service.migration:
        condition = compose["services"][service.name]["depends_on"][f"{service.name}-migrate"]
        assert condition == {"condition": "service_completed_successfully"}


def test_settings_have_the_names_that_run_natively(compose: dict[str, Any], service: Service, tmp_path: Path) -> None:
    native = env_file.settings(Clone(tmp_path, tmp_path, {}), Addresses("p", "r", "m", "c"), "smtp")
    named = set(compose["services"][service.name]["environment"])
    assert named == native.keys() - NATIVE_ONLY | CONTAINERS_ONLY


def test_migrations_are_told_the_same_as_services(compose: dict[str, Any], service: Service) -> None:
    own = dict(compose["services"][service.name]["environment"])
    assert own.pop("USHER_PORT") == str(service.port())
    if service.migration:
        assert compose["services"][f"{service.name}-migrate"]["environment"] == own


def test_ports_are_the_same_and_this_machines_alone(compose: dict[str, Any], service: Service) -> None:
    holder = "identity" if service.name == "console" else service.name
    assert f"127.0.0.1:{service.port()}:{service.port()}" in compose["services"][holder]["ports"]
    published = [port for container in compose["services"].values() for port in container.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_console_reaches_identity_where_browsers_do(compose: dict[str, Any]) -> None:
    assert compose["services"]["console"]["network_mode"] == "service:identity"
    environment = compose["services"]["console"]["environment"]
    assert environment["USHER_ISSUER"] == "http://127.0.0.1:8001"
    assert environment["USHER_CONSOLE_URL"] == "http://127.0.0.1:8000"


def test_addresses_lead_to_the_containers_that_bear_the_name(compose: dict[str, Any], service: Service) -> None:
    environment = compose["services"]["usage"]["environment"]
    if service.name != "console":
        assert environment[service.url_variable] == f"http://{service.name}:{service.port()}"


def test_health_is_readiness_and_waits_for_servers(compose: dict[str, Any], service: Service) -> None:
    container = compose["services"][service.name]
    assert f'{{os.environ["USHER_PORT"]}}{READY_PATH}' in container["healthcheck"]["test"][-1]
    assert all(container["depends_on"][server] == {"condition": "service_healthy"} for server in SERVERS)
    assert all(compose["services"][server]["healthcheck"]["test"] for server in SERVERS)


def test_the_demo_moves_the_clock_of_services_that_are_ready(compose: dict[str, Any]) -> None:
    demo, usage = compose["services"]["demo"], compose["services"]["usage"]
    assert demo["command"] == ["usher", "demo"]
    given = elsewhere(demo["environment"])
    assert given is not None
    assert given.path("USHER_CLOCK_FILE") == Path(demo["volumes"][0].partition(":")[2]) / "clock"
    assert demo["volumes"] == usage["volumes"]
    assert demo["environment"] == {name: value for name, value in usage["environment"].items() if name != "USHER_PORT"}
    ready = {service.name: {"condition": "service_healthy"} for service in SERVICES if service.has_database}
    assert demo["depends_on"] == ready


def test_mail_is_kept_by_the_same_program(compose: dict[str, Any]) -> None:
    mail = compose["services"]["mail"]
    assert tuple(mail["command"][: len(MAIL_PROGRAM)]) == MAIL_PROGRAM
    port = mail["command"][mail["command"].index("--port") + 1]
    assert compose["services"]["notifications"]["environment"]["USHER_SMTP_URL"] == f"smtp://mail:{port}"


def test_postgresql_is_of_the_same_version_and_settings(compose: dict[str, Any]) -> None:
    server = compose["services"]["postgres"]
    assert server["image"] == "postgres:18"
    own = {"listen_addresses", "unix_socket_directories"}
    settings = [f"{name}={value}" for name, value in postgres.SETTINGS.items() if name not in own]
    assert re.findall(r"-c (\S+)", server["command"]) == settings


def test_rabbitmq_has_the_same_plugins_and_limits(compose: dict[str, Any]) -> None:
    configs = compose["configs"]
    assert configs["rabbitmq-plugins"]["content"] == f"[{','.join(rabbitmq.PLUGINS)}]."
    for line in configs["rabbitmq-limits"]["content"].splitlines():
        name, _, value = line.partition(" = ")
        assert rabbitmq.LIMITS[name] == value
    assert len(configs["rabbitmq-limits"]["content"].splitlines()) == len(rabbitmq.LIMITS)


def test_redis_has_as_many_databases_and_as_little_memory(compose: dict[str, Any]) -> None:
    command = compose["services"]["redis"]["command"][-1]
    for name, value in redis.SETTINGS.items():
        assert f"--{name} {value}" in command


def test_the_servers_containers_serve_tests_by_their_own_credentials(compose: dict[str, Any]) -> None:
    asked: list[tuple[str, int]] = []

    def port_of(server: str, port: int) -> int:
        asked.append((server, port))
        return port + 40_000

    found = containers.addresses(compose, port_of)
    inside = compose["services"]["usage"]["environment"]
    for outside, variable, host in (
        (found.postgres_url, "USHER_POSTGRES_URL", "postgres:5432"),
        (found.rabbitmq_url, "USHER_RABBITMQ_URL", "rabbitmq:5672"),
        (found.rabbitmq_management_url, "USHER_RABBITMQ_MANAGEMENT_URL", "rabbitmq:15672"),
        (found.redis_url, "USHER_REDIS_URL", "redis:6379"),
    ):
        assert outside == inside[variable].replace(host, f"127.0.0.1:{int(host.partition(':')[2]) + 40_000}")
    published = {server: compose["services"][server]["ports"] for server in SERVERS}
    assert all(f"127.0.0.1::{port}" in published[server] for server, port in asked)


def test_the_image_is_of_the_lock_and_holds_every_package() -> None:
    dockerfile = (CLONE / "deploy/images/Dockerfile").read_text()
    assert "--constraint requirements.lock" in dockerfile
    assert "libs/* services/*" in dockerfile
    version = re.search(r"^ARG UV=(.*)$", dockerfile, re.MULTILINE)
    assert version
    assert f"UV_VERSION := {version[1]}\n" in (CLONE / "Makefile").read_text()
