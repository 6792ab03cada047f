"""`.usher/env`: the addresses and secrets in use, for the services, for shells and for the other commands."""

import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

from usher_cli.environment import read_file
from usher_cli.local.clone import Clone
from usher_cli.local.definition import PORT_BASE, SECRET_BYTES, SECRETS, SERVICES
from usher_cli.servers import Addresses, ServerError
from usher_cli.servers.homes import write_private
from usher_cli.servers.ports import LOOPBACK

PORT_BASE_VARIABLE = "USHER_PORT_BASE"
SMTP_VARIABLE = "USHER_SMTP_URL"
CLIENT_ID_VARIABLE = "USHER_CLIENT_ID"
BASES = range(1024, 65_000)


def earlier(home: Path) -> dict[str, str]:
    """What the last `up` wrote; empty before the first."""
    return read_file(home / "env") if (home / "env").exists() else {}


def port_base(clone: Clone) -> int:
    """The first of the services' ports: as given, else as before, else 8000. Raises ServerError for what is no port."""
    before = earlier(clone.home).get(PORT_BASE_VARIABLE)
    value = clone.environment.get(PORT_BASE_VARIABLE) or before or str(PORT_BASE)
    if not value.isdecimal() or int(value) not in BASES:
        raise ServerError(f"{PORT_BASE_VARIABLE} is {value!r}: give a number from 1024 to 64999, such as 9000")
    return int(value)


def settings(clone: Clone, addresses: Addresses, smtp_url: str) -> dict[str, str]:
    """All that the file holds. The environment may give secrets and files; else secrets are kept from the last time."""
    before, base, given = earlier(clone.home), port_base(clone), clone.environment
    files = {"USHER_CLOCK_FILE": clone.home / "clock", "USHER_SPAN_STORE": clone.home / "spans.sqlite"}
    return {
        **addresses.as_environment(),
        SMTP_VARIABLE: smtp_url,
        **{name: given.get(name) or str(path) for name, path in files.items()},
        PORT_BASE_VARIABLE: str(base),
        **{service.url_variable: f"http://{LOOPBACK}:{service.port(base)}" for service in SERVICES},
        CLIENT_ID_VARIABLE: given.get(CLIENT_ID_VARIABLE) or "cli",
        **{name: given.get(name) or before.get(name) or secrets.token_hex(SECRET_BYTES) for name in SECRETS},
    }


def write(home: Path, values: Mapping[str, str]) -> None:
    """Write the file, for its owner alone, as lines that a shell can source."""
    write_private(home / "env", "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))
