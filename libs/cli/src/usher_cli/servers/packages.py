"""Where RabbitMQ and Erlang are installed: unpacked from the distribution's packages, or the system's own."""

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from usher_cli.servers import apt
from usher_cli.servers.errors import ServerError
from usher_cli.servers.homes import locked

INSTALL = "USHER_INSTALL"

# The distribution's own `erl` has /usr/lib/erlang written into it; this one finds itself.
RELOCATABLE_ERL = """\
#!/bin/sh
ROOTDIR=$(cd "$(dirname "$0")/.." && pwd)
BINDIR=$(echo "$ROOTDIR"/erts-*/bin)
EMU=beam
PROGNAME=erl
export ROOTDIR BINDIR EMU PROGNAME
exec "$BINDIR/erlexec" "$@"
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """RabbitMQ's and Erlang's files under `root`: `/` for the system's own."""

    root: Path

    @property
    def erlang(self) -> Path:
        return self.root / "usr/lib/erlang"

    @property
    def server(self) -> Path:
        """The newest server's folder; one that does not exist where none is installed."""
        parent = self.root / "usr/lib/rabbitmq/lib"
        return max(parent.glob("rabbitmq_server-*"), default=parent / "rabbitmq_server")

    @property
    def environment(self) -> dict[str, str]:
        """What its programs need beside the usual: the libraries that were unpacked with them."""
        folders = (
            [] if self.root == Path("/") else [*self.root.glob("usr/lib/*-linux-*"), *self.root.glob("lib/*-linux-*")]
        )
        return {"LD_LIBRARY_PATH": ":".join(map(str, folders))} if folders else {}

    def install(self, report: Callable[[str], object]) -> None:
        """Install it where it is missing. Raises ServerError, which says what to do by hand."""
        if self.server.exists():
            return
        if self.root == Path("/"):
            apt.install_rabbitmq()
        else:
            with locked(self.root.parent / "lock"):
                self._unpack(report)

    def _unpack(self, report: Callable[[str], object]) -> None:
        if self.server.exists():
            return
        report("RabbitMQ's packages are fetched and unpacked (once for this clone)")
        work = self.root.with_suffix(".work")
        shutil.rmtree(work, ignore_errors=True)
        tree = work / "tree"
        tree.mkdir(parents=True)
        for package in apt.download_rabbitmq(work / "packages"):
            apt.unpack(package, tree)
        erl = tree / "usr/lib/erlang/bin/erl"
        erl.unlink()
        erl.write_text(RELOCATABLE_ERL)
        erl.chmod(0o755)
        tree.rename(self.root)
        shutil.rmtree(work)


def installation(packages: Path) -> Installation:
    """The installation to use: the system's with USHER_INSTALL=system, else the one unpacked in `packages`."""
    if os.environ.get(INSTALL) == "system":
        return Installation(Path("/"))
    try:
        release = platform.freedesktop_os_release()
    except OSError as unknown:
        raise ServerError(apt.ELSEWHERE) from unknown
    # A clone may be shared by machines; each distribution has its own files.
    return Installation(packages / f"{release['ID']}-{release.get('VERSION_ID', 'rolling')}-{platform.machine()}")
