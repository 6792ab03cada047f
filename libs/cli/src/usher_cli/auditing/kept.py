"""Checkpoints kept in a file of one's own, one a line with the keys that check it; lines are only ever added."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from usher_cli.clients.calls import Json
from usher_cli.failure import Failure
from usher_kit.audit_log.checkpoints import NotOurs, public_keys, read
from usher_kit.audit_log.verification import Checkpoint, Finding


@dataclass(frozen=True, slots=True)
class Kept:
    """What a line holds: a checkpoint, or what is wrong with it."""

    tenant_id: UUID
    found: Checkpoint | Finding


def keep(file: Path, checkpoints: Iterable[Json], keys: Sequence[Json]) -> int:
    """Add the checkpoints that the file does not hold yet, a line each. Answers how many. Raises Failure."""
    held = {one["signed"] for _, one in lines_of(file)} if file.exists() else set()
    fresh = [{**one, "keys": list(keys)} for one in checkpoints if one["signed"] not in held]
    try:
        with file.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(one) + "\n" for one in fresh)
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}.") from error
    return len(fresh)


def read_kept(file: Path) -> list[Kept]:
    """The checkpoints in a file. Raises Failure for a file that holds something else."""
    return [to_kept(f"{file}, line {number}", one) for number, one in lines_of(file)]


def lines_of(file: Path) -> list[tuple[int, Json]]:
    """The lines with their numbers. Raises Failure for one that is none of ours."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file} cannot be read: {error}.") from error
    return [(number, parsed(f"{file}, line {number}", line)) for number, line in enumerate(lines, 1) if line.strip()]


def parsed(place: str, line: str) -> Json:
    try:
        one: Json = json.loads(line)
        UUID(one["tenant_id"])
        public_keys(one["keys"])
        one["signed"].encode()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(
            f"{place} is no checkpoint ({error!r}). `usher audit checkpoint --out FILE` writes such files."
        ) from error
    return one


def to_kept(place: str, one: Json) -> Kept:
    tenant_id = UUID(one["tenant_id"])
    try:
        return Kept(tenant_id, Checkpoint(read(one["signed"], public_keys(one["keys"])), place, is_stored=False))
    except NotOurs as error:
        return Kept(tenant_id, Finding("checkpoint_forged", place, str(error)))
