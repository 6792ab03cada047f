"""PostgreSQL's own rules: it never runs as root, wherever the clone lies, and a crash leaves nothing in its way."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from usher_cli.servers import homes, private, programs
from usher_cli.servers.postgres import Postgres
from usher_cli.servers.programs import Program

POSTGRES = Postgres(durable=False)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder under one that only its owner may enter, as /root is."""
    tmp_path.chmod(0o700)
    yield tmp_path / "postgres"
    private.stop(POSTGRES, tmp_path / "postgres")


def choice(folder: Path) -> homes.Choice:
    chosen = homes.chosen(folder)
    assert chosen is not None
    return chosen


def program(folder: Path) -> Program:
    return POSTGRES.programs(folder, choice(folder))[0]


async def query(folder: Path, statement: str) -> object:
    connection = await asyncpg.connect(f"{POSTGRES.url(choice(folder))}postgres")
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to drop")
async def test_as_root_it_runs_as_an_ordinary_user_even_where_only_root_may_enter(folder: Path) -> None:
    private.start(POSTGRES, folder, lambda _: None)
    running = programs.find(program(folder))
    assert running is not None
    assert psutil.Process(running.pid).username() == "nobody"
    assert await query(folder, "show data_directory") == str(folder / "data")


async def test_it_is_of_the_version_and_settings_that_the_system_counts_on(folder: Path) -> None:
    private.start(POSTGRES, folder, lambda _: None)
    assert str(await query(folder, "show server_version")).startswith("18.")
    assert await query(folder, "show max_connections") == "300"
    assert await query(folder, "show server_encoding") == "UTF8"
    assert await query(folder, "show fsync") == "off", "tests' data may be lost"


def test_the_demos_data_survives_the_loss_of_power(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    command = Postgres().programs(folder, homes.Choice("secret", {"sql": 5}))[0].command
    assert not any(part.startswith("fsync") for part in command)


def test_a_pid_file_that_names_another_program_does_not_keep_it_from_starting(folder: Path) -> None:
    private.start(POSTGRES, folder, lambda _: None)
    pid_file = folder / "data" / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    running = programs.find(program(folder))
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    # As after a reboot: the pid has been given to a program of the same user.
    drop = ["setpriv", "--reuid=nobody", "--clear-groups", "--regid=nogroup"] if os.geteuid() == 0 else []
    with subprocess.Popen([*drop, "sleep", "60"]) as other:
        try:
            pid_file.write_text("\n".join([str(other.pid), *lines[1:]]))
            assert private.start(POSTGRES, folder, lambda _: None)
            assert private.is_ready(POSTGRES, folder)
        finally:
            other.kill()


def test_data_half_made_by_a_killed_start_is_made_anew(folder: Path) -> None:
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    assert private.start(POSTGRES, folder, lambda _: None)
    assert (folder / "data" / "postmaster.pid").exists()
