"""An ordinary user, without any right of root's, has the same servers in a clone of their own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from usher_cli import servers

SOURCES = Path(servers.__file__).parents[2]
LIBRARIES = Path(pytest.__file__).parents[1]
# Root's own Python may lie where others cannot enter.
PYTHON = shutil.which("python3", path="/usr/bin")
# Starts all three as the demo does, prints what it is told, and stops them.
STORY = """
import sys
from pathlib import Path
from usher_cli import servers
home = Path(sys.argv[1])
found = servers.start(home, print)
assert servers.find(home) == found
servers.stop(home, print)
assert servers.find(home) is None
"""


@pytest.fixture
def clone(home: Path) -> Iterator[Path]:
    """A folder that belongs to user nobody, with RabbitMQ's packages of this clone at hand."""
    folder = Path(tempfile.mkdtemp())
    state = folder / ".usher"
    state.mkdir()
    (state / "rabbitmq").symlink_to(home.parents[1] / "rabbitmq")
    shutil.chown(folder, "nobody")
    shutil.chown(state, "nobody")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(PYTHON is None, reason="needs a Python that every user can run")
@pytest.mark.usefixtures("nothing_given", "servers")
def test_an_ordinary_user_starts_and_stops_all_three(clone: Path) -> None:
    assert PYTHON is not None
    nobody = pwd.getpwnam("nobody")
    told = subprocess.run(
        [PYTHON, "-c", STORY, str(clone / ".usher")],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd=clone,
        env={"PATH": os.defpath, "PYTHONPATH": f"{SOURCES}:{LIBRARIES}"},
    )
    assert told.returncode == 0, told.stderr
    said = sorted(line.partition(" (")[0] for line in told.stdout.splitlines())
    assert said == [
        f"{title} {what}" for title in ("PostgreSQL", "RabbitMQ", "Redis") for what in ("started", "stopped")
    ]
