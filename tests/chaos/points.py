"""The points at which a process can be made to kill itself, and how it is armed from outside.

What arms a process is a file, so that one that runs under load can be armed at any moment, and one that died can be
seen to have died at its point and nowhere else.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Point(StrEnum):
    """A place between two steps of the way of a message; the text says between which (messages: Reliability)."""

    APPLY_BEGUN = "within a batch, before one of its statements"
    APPLY_SAVED = "between load and commit, all saved"
    APPLY_COMMITTED = "between commit and acknowledge"
    RELAY_SENT = "between publish and confirm"
    RELAY_CONFIRMED = "between confirm and delete"
    RELAY_DELETED = "between delete and commit"
    HTTP_SAVED = "between a request's decision and commit"
    HTTP_COMMITTED = "between a request's commit and answer"
    LOOP_SAVED = "between a loop's work and commit"


@dataclass(frozen=True, slots=True)
class Charge:
    """Die at the `count`-th passage of `point`."""

    point: Point
    count: int


@dataclass(frozen=True, slots=True)
class Fuse:
    """Where one process is armed: `charge` is there while it is, `struck` once it has killed itself."""

    folder: Path
    name: str

    @property
    def charge(self) -> Path:
        return self.folder / f"{self.name}.charge"

    @property
    def struck(self) -> Path:
        return self.folder / f"{self.name}.struck"

    def arm(self, charge: Charge) -> None:
        """Arm the process that runs under this name."""
        self.struck.unlink(missing_ok=True)
        arriving = self.charge.with_suffix(".new")
        arriving.write_text(json.dumps(asdict(charge)))
        arriving.rename(self.charge)

    def disarm(self) -> None:
        self.charge.unlink(missing_ok=True)

    def read(self) -> Charge | None:
        """The charge; None where the process is not armed."""
        try:
            found = json.loads(self.charge.read_text())
        except FileNotFoundError:
            return None
        return Charge(Point(found["point"]), found["count"])
