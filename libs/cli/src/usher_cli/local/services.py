"""The services in the background: each one's database brought up to date, its program started, its port its own."""

import http.client
import json
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from usher_cli.local import background, env_file
from usher_cli.local.clone import Clone
from usher_cli.local.definition import READY_PATH, SERVICES, Service
from usher_cli.servers import ServerError, ports, programs
from usher_cli.servers.ports import LOOPBACK
from usher_cli.servers.private import Report
from usher_cli.servers.programs import Program


def start(clone: Clone, settings: Mapping[str, str], report: Report) -> None:
    """Have all services running and ready, side by side. Raises ServerError, which shows a service's last words."""

    def start_one(service: Service) -> None:
        running = program(clone, service, settings)
        try:
            background.have(running, report, prepare=lambda: prepare(clone, service, running))
        except ServerError as error:
            lack = unreadiness(port(clone, service, settings)) if programs.find(running) else None
            raise ServerError(f"{error}\n{lack}" if lack else str(error)) from error

    with ThreadPoolExecutor(len(SERVICES)) as pool:
        list(pool.map(start_one, SERVICES))


def stop(clone: Clone, report: Report) -> None:
    """Stop all services, side by side."""
    before = env_file.earlier(clone.home)
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        list(pool.map(lambda service: background.end(program(clone, service, before), report), SERVICES))


def refuse_taken_ports(clone: Clone) -> None:
    """Raises ServerError where a service that does not run would find its port taken; the message names by whom."""
    base = env_file.port_base(clone)
    for service in SERVICES:
        runs = programs.find(program(clone, service, env_file.earlier(clone.home)))
        wanted = service.port(base)
        if runs is None and not ports.is_free(wanted):
            raise ServerError(
                f"port {wanted}, which {service.name} needs, is taken by {ports.holder(wanted)}: stop that, "
                f"or set {env_file.PORT_BASE_VARIABLE}={base + 1000} to move all of Usher's ports"
            )


def program(clone: Clone, service: Service, settings: Mapping[str, str]) -> Program:
    """A service's program, told `settings` beside the caller's environment."""
    own_port = port(clone, service, settings)
    return Program(
        key=service.name,
        title=service.name.capitalize(),
        folder=clone.run,
        command=(str(clone.programs / service.program), *service.command[1:]),
        is_ready=lambda: unreadiness(own_port) is None,
        environment={**clone.environment, **settings, "USHER_HOST": LOOPBACK, "USHER_PORT": str(own_port)},
        log=clone.log / f"{service.name}.log",
        patience=120.0,
    )


def port(clone: Clone, service: Service, settings: Mapping[str, str]) -> int:
    """The port of a service as `settings` has it; without one, as it would be chosen now."""
    return service.port(int(settings.get(env_file.PORT_BASE_VARIABLE) or env_file.port_base(clone)))


def prepare(clone: Clone, service: Service, running: Program) -> None:
    """See that the program is installed and its database, made where it is missing, up to date. Raises ServerError."""
    installed = clone.programs / service.program
    if not installed.exists():
        raise ServerError(f"{installed} is missing: run `make install`")
    if not service.migration:
        return
    clone.log.mkdir(parents=True, exist_ok=True)
    with running.log_file.open("ab") as log:
        command = [str(installed), *service.migration[1:]]
        done = subprocess.run(command, check=False, env=dict(running.environment), stdout=log, stderr=log)
    if done.returncode:
        raise ServerError(f"{running.title}'s database cannot be brought up to date (see {running.log_file})")


def unreadiness(port: int) -> str | None:
    """What keeps the service on `port` from being ready, in the words of its failing checks; None when it is ready."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", READY_PATH)
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return "it does not answer"
    finally:
        connection.close()
    if answer.status == http.client.OK:
        return None
    try:
        checks = json.loads(said)["checks"]
    except (ValueError, KeyError):
        return f"it answers {answer.status}"
    return "; ".join(f"{name}: {found}" for name, found in checks.items() if found != "ok")
