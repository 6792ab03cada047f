"""Where the services are and by whose credentials they are called: environment first, then the nearest `.usher/env`."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from usher_kit.ports import PORTS

FILE = Path(".usher/env")
THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of one call of the command, as `KEY=value`; `file` is where those not set outside come from."""

    values: Mapping[str, str] = field(repr=False)
    file: Path | None = None

    def url(self, service: str) -> str:
        """Where a service answers: `USHER_<SERVICE>_URL`, else its usual port on this machine."""
        return self.values.get(f"USHER_{service.upper()}_URL") or f"http://127.0.0.1:{PORTS[service]}"

    def path(self, name: str) -> Path | None:
        """A setting that names a file; none where it is not set."""
        value = self.values.get(name)
        return Path(value) if value else None

    def get(self, name: str) -> str | None:
        """A setting; none where it is not set or empty."""
        return self.values.get(name) or None


def find_environment(outside: Mapping[str, str] | None = None, start: Path | None = None) -> Environment:
    """What `outside` (the process's environment) sets, completed by the file that `up` wrote, from `start` upward."""
    own = os.environ if outside is None else outside
    file = find_file(start or Path.cwd())
    from_file = read_file(file) if file else {}
    return Environment({**from_file, **{name: value for name, value in own.items() if value}}, file)


def elsewhere(outside: Mapping[str, str]) -> Environment | None:
    """What `outside` alone sets, where it names services that are not on this machine; none where it does not.

    A shell that sourced `.usher/env` names this machine's own. No file completes it: that is of another system.
    """
    host = urlsplit(outside.get("USHER_IDENTITY_URL", "")).hostname
    return Environment(dict(outside)) if host and host not in THIS_MACHINE else None


def find_file(start: Path) -> Path | None:
    """The nearest `.usher/env` from `start` upward; none where there is none."""
    return next((found for folder in (start, *start.parents) if (found := folder / FILE).is_file()), None)


def read_file(file: Path) -> dict[str, str]:
    """The `KEY=value` lines of a file that a shell can source; comments and blank lines are passed over."""
    values: dict[str, str] = {}
    for line in file.read_text().splitlines():
        name, equals, value = line.removeprefix("export ").partition("=")
        if equals and not name.lstrip().startswith("#"):
            values[name.strip()] = "".join(shlex.split(value))
    return values
