"""The stage: a running system of the machine's own, whose processes it may end and whose clock it may move."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.chaos.fleet import Fleet, free_base, members

from usher_cli.clients.session import Outside, open_session
from usher_cli.environment import Environment
from usher_cli.local import Clone, env_file
from usher_cli.local.definition import SERVICES
from usher_cli.servers import Addresses

from .stage import Stage


@pytest.fixture(scope="module")
def stage(
    servers: Addresses,
    module_vhost: str,
    session_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """Every service but the console, which keeps nothing, ready."""
    folder, base = tmp_path_factory.mktemp("machine"), free_base()
    databases = {one.name: session_database(one.name) for one in SERVICES if one.has_database}
    environment = {
        **os.environ,
        **{f"USHER_{name.upper()}_DATABASE_URL": url for name, url in databases.items()},
        env_file.PORT_BASE_VARIABLE: str(base),
    }
    clone = Clone(folder, Path(sys.executable).parent, environment)
    addresses = replace(servers, rabbitmq_url=module_vhost)
    settings = {**environment, **env_file.settings(clone, addresses, "smtp://127.0.0.1:1")}
    del settings["USHER_SPAN_STORE"]
    everyone = {name: member for name, member in members(base).items() if name != "console"}
    for name in ("charges", "log"):
        (folder / name).mkdir()
    fleet = Fleet(everyone, settings, folder / "charges", folder / "log")
    try:
        fleet.start_all()
        fleet.await_ready()
        with open_session(Outside(Environment(settings))) as session:
            yield Stage(fleet, session, databases)
    finally:
        fleet.stop()
