"""`usher generate`: a district to try things with."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from usher_cli.failure import Failure
from usher_cli.generate.district import STUDENTS, Generated, generate_district
from usher_cli.options import AsJson
from usher_cli.output import STDERR, print_json, show, table


def generate(
    people: Annotated[int, typer.Option("--people", min=1, max=5_000_000, help="How many people work there.")],
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another district.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", help="A folder, or with --zip a file, to write to.")] = None,
    zipped: Annotated[bool, typer.Option("--zip", help="One zip, ready to be imported.")] = False,
    students: Annotated[float, typer.Option("--students", min=0, max=50, help="Students a person.")] = STUDENTS,
    at: Annotated[datetime | None, typer.Option("--at", formats=["%Y-%m-%d"], help="The day of the export.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a district as a OneRoster 1.1 set: seeded, of any size, and as untidy as real ones."""
    path = out or Path(f"district-{people}-{seed}{'.zip' if zipped else ''}")
    check_free(path, zipped=zipped)
    day = at.date() if at else today()
    made = generate_district(people, seed, path, day, students=students, zipped=zipped)
    if as_json:
        print_json({**asdict(made), "path": str(made.path)})
    else:
        print_summary(made)


def check_free(path: Path, *, zipped: bool) -> None:
    """Raises Failure where something else would be overwritten; a set that was generated before may be."""
    if zipped and path.is_dir():
        raise Failure(f"{path} is a folder; with --zip, --out names a file.")
    if not zipped and path.exists() and not path.is_dir():
        raise Failure(f"{path} is a file; without --zip, --out names a folder.")
    if not zipped and path.is_dir() and any(path.iterdir()) and not (path / "manifest.csv").exists():
        raise Failure(f"{path} holds something else; name an empty or a new folder with --out.")


def today() -> date:
    return datetime.now(UTC).date()


def print_summary(made: Generated) -> None:
    """What was written, and what an import will say of it."""
    rows = [
        ("organizations", made.organizations),
        ("people", made.people),
        ("students, counted and not imported", made.students),
        ("rows that an import reports", sum(made.issues.values())),
    ]
    show(table(made.name, ["", "#"], rows))
    STDERR.print(f"Written to {made.path}. Import it: usher import oneroster {made.path}", style="dim")
