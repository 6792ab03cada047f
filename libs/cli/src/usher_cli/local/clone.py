"""Where this clone of the repository keeps what is local: its `.usher`, and the programs installed for it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from usher_cli.servers.errors import ServerError


@dataclass(frozen=True, slots=True)
class Clone:
    """One clone on this machine, and the environment of who acts on it."""

    home: Path
    """Its `.usher`: all that is made locally lies below."""
    programs: Path
    """The folder of the services' programs."""
    environment: Mapping[str, str]

    @property
    def run(self) -> Path:
        """The records of what runs in the background."""
        return self.home / "run"

    @property
    def log(self) -> Path:
        """What programs in the background say."""
        return self.home / "log"


def this_clone() -> Clone:
    """The clone that this command is installed from. Raises ServerError when it is installed otherwise."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "requirements.lock").exists() and (folder / "services").is_dir():
            return Clone(folder / ".usher", Path(sys.executable).parent, os.environ)
    raise ServerError(
        "the system starts by this command in a clone of the repository alone; else by `docker compose up`"
    )
