"""RabbitMQ by apt: its packages downloaded without root and without touching the system, or installed on it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from usher_cli.servers.errors import ServerError

PACKAGE = "rabbitmq-server"
# Of what the package depends on, a node needs Erlang's packages and shared libraries.
NEEDED = re.compile(r"\s*\|?(?:Pre)?Depends: ((?:erlang-|lib)[a-z0-9.+-]+)")
DEPENDENCIES_ONLY = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
POLICY = Path("/usr/sbin/policy-rc.d")
ELSEWHERE = (
    "RabbitMQ comes by itself only with the packages of Debian and Ubuntu: start one and set USHER_RABBITMQ_URL, "
    "install it and set USHER_INSTALL=system, or use `docker compose up`"
)


def download_rabbitmq(folder: Path) -> list[Path]:
    """Download RabbitMQ, Erlang and the libraries that this system lacks into `folder`. Raises ServerError."""
    if not all(map(shutil.which, ("apt-get", "apt-cache", "dpkg"))):
        raise ServerError(ELSEWHERE)
    folder.mkdir(parents=True)
    names = _needed(_options(folder, own_lists=False))
    if not names or _download(folder, names, _options(folder, own_lists=False)).returncode:
        # The system's package lists are absent or out of date; fresh ones of our own leave those as they are.
        options = _options(folder, own_lists=True)
        _run(["apt-get", *options, "-qq", "update"], folder)
        names = _needed(options)
        done = _download(folder, names, options) if names else None
        if done is None or done.returncode:
            reason = _last_line(done.stderr) if done else f"no source of apt has {PACKAGE}"
            raise ServerError(
                f"apt cannot fetch RabbitMQ ({reason}): check network and apt's sources, or set USHER_RABBITMQ_URL"
            )
    return sorted(folder.glob("*.deb"))


def unpack(package: Path, tree: Path) -> None:
    """Lay a package's files under `tree`. Raises ServerError, as on a full disk."""
    done = _run(["dpkg", "-x", str(package), str(tree)], tree)
    if done.returncode:
        raise ServerError(f"{package.name} cannot be unpacked: {_last_line(done.stderr)}")


def install_rabbitmq() -> None:
    """Install the system's package, as root, without starting the system's own service. Raises ServerError."""
    command = ["apt-get", "install", "--yes", "--no-install-recommends", PACKAGE]
    if not shutil.which("apt-get"):
        raise ServerError(ELSEWHERE)
    if os.geteuid() != 0:
        raise ServerError(
            f"RabbitMQ is not installed on this system: run `sudo {' '.join(command)}`, or unset USHER_INSTALL"
        )
    with _no_service_starts():
        for step in (["apt-get", "-qq", "update"], command):
            # Only one apt works at a time; this one waits for others.
            done = _run([*step, "-o", "DPkg::Lock::Timeout=300"], Path("/"))
    if done.returncode:
        raise ServerError(
            f"apt cannot install {PACKAGE}: {_last_line(done.stderr)} (unset USHER_INSTALL to unpack it in the clone)"
        )


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Keep a package's installation from starting its service, by Debian's policy file, unless there is one already."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _options(folder: Path, *, own_lists: bool) -> list[str]:
    # Without its sandbox's user, apt as root can write into a folder that only root may enter.
    options = ["-o", "APT::Sandbox::User=root", "-o", f"Dir::Cache={folder / 'cache'}"]
    (folder / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
    if own_lists:
        (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
        options += ["-o", f"Dir::State::lists={folder / 'lists'}"]
    return options


def _needed(options: Sequence[str]) -> list[str]:
    """The packages to download; empty where apt does not know RabbitMQ."""
    only = [f"--no-{kind}" for kind in DEPENDENCIES_ONLY]
    said = _run(["apt-cache", *options, "depends", "--recurse", *only, PACKAGE], Path("/")).stdout
    return sorted(name for name in reachable(said) if not (name.startswith("lib") and _is_installed(name)))


def reachable(said: str) -> set[str]:
    """RabbitMQ and all that a node needs of its dependencies, from what `apt-cache depends --recurse` says."""
    depends: dict[str, set[str]] = {}
    package = ""
    for line in said.splitlines():
        if line and not line.startswith((" ", "|", "<")):
            package = line.strip()
        elif found := NEEDED.match(line):
            depends.setdefault(package, set()).add(found[1])
    needed, frontier = set[str](), {PACKAGE} & depends.keys()
    while frontier:
        needed |= frontier
        frontier = {name for package in frontier for name in depends.get(package, ())} - needed
    return needed


def _is_installed(name: str) -> bool:
    return _run(["dpkg-query", "--show", "--showformat=${db:Status-Status}", name], Path("/")).stdout == "installed"


def _download(folder: Path, names: Sequence[str], options: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return _run(["apt-get", *options, "-qq", "download", *names], folder)


def _run(command: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, env=environment)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
