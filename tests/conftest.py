"""The whole system for tests across services: real processes, started once, on ports of its own."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from usher_cli.clients.session import Session, open_session
from usher_cli.local import Clone, env_file, services
from usher_cli.local.definition import SERVICES
from usher_cli.local.system import mail, start_mail
from usher_cli.servers import Addresses, programs
from usher_cli.servers.ports import is_free, iter_from_random
from usher_kit.ids import new_id

from .integration.system import District, System


@pytest.fixture(scope="session")
def system(
    servers: Addresses,
    session_vhost: str,
    session_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[System]:
    """Every service as a process of its own, ready."""
    owners = [one.name for one in SERVICES if one.has_database]
    databases = {name: session_database(name) for name in owners}
    by_variable = {f"USHER_{name.upper()}_DATABASE_URL": url for name, url in databases.items()}
    base = free_base()
    identity = next(one for one in SERVICES if one.name == "identity")
    own = {
        env_file.PORT_BASE_VARIABLE: str(base),
        "USHER_OUTBOUND_ALLOW": f"127.0.0.1:{identity.port(base)}",  # it may sign people in by itself
    }
    clone = Clone(
        tmp_path_factory.mktemp("system") / ".usher",
        Path(sys.executable).parent,
        {**os.environ, **by_variable, **own},
    )
    settings = env_file.settings(clone, replace(servers, rabbitmq_url=session_vhost), start_mail(clone, print))
    env_file.write(clone.home, settings)
    try:
        services.start(clone, settings, print)
        yield System(settings, databases)
    finally:
        services.stop(clone, print)
        programs.stop(mail(clone))


def free_base() -> int:
    """A port with as many free ones after it as there are services."""
    return next(base for base in iter_from_random() if all(is_free(one.port(base)) for one in SERVICES))


@pytest.fixture
def session(system: System) -> Iterator[Session]:
    """Clients of every service, as a system administrator."""
    with open_session(system.around) as session:
        yield session


@pytest.fixture
def district(session: Session) -> District:
    """A tenant of this test's own."""
    made = session.identity.create_organization({"name": f"District {new_id()}", "kind": "district"})
    return District(session, str(made["id"]))
