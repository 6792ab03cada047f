"""Figures: what was measured, as a table for a person and as the file that scripts read (interfaces: Figures)."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `runs` are what its `value` is the median of; `against` says what was run, and what it is held to."""

    value: float
    unit: str
    runs: Sequence[float]
    against: str

    @classmethod
    def of(cls, runs: Sequence[float], unit: str, against: str) -> "Figure":
        """The median of runs. Raises StatisticsError without any."""
        return cls(rounded(median(runs)), unit, [rounded(run) for run in runs], against)


def rounded(value: float) -> float:
    """To what can be told apart: a machine's figures repeat within a few percent."""
    return round(value, 2) if abs(value) < 100 else float(round(value))


def machine(servers: Mapping[str, str]) -> str:
    """The machine by what figures depend on, and by nothing that names it; `servers` are versions by title."""
    load = os.getloadavg()[0]
    parts = [
        f"{os.cpu_count()} cores",
        f"Python {platform.python_version()}",
        *(f"{title} {number}" for title, number in servers.items()),
        *(f"{name} {version(name)}" for name in ("aio-pika", "FastStream", "asyncpg", "SQLAlchemy")),
    ]
    return f"{', '.join(parts)}; load {load:.1f} before"


def write(path: Path, machine: str, figures: Mapping[str, Figure]) -> None:
    """Write the file, whole or not at all."""
    document = {"machine": machine, "figures": {name: asdict(figure) for name, figure in figures.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(document, indent=2) + "\n")
    unfinished.replace(path)


def show(machine: str, figures: Mapping[str, Figure]) -> None:
    """Print the figures as a table."""
    table = Table(title=machine, title_justify="left")
    table.add_column("figure", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("unit", no_wrap=True)
    table.add_column("runs")
    table.add_column("against")
    for name, one in figures.items():
        table.add_row(name, f"{one.value:,g}", one.unit, "  ".join(f"{run:,g}" for run in one.runs), one.against)
    Console().print(table)
