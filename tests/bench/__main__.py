"""`make bench`: measures the figures that are asked for, prints them, and writes them down (interfaces: Figures)."""

import argparse
import asyncio
import os
import shutil
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.bench import figures, ground
from tests.bench.changes import measure_changes
from tests.bench.checks import measure_checks
from tests.bench.figures import Figure
from tests.bench.flow_figures import measure_flow
from tests.bench.imports import measure_imports
from tests.bench.licenses import LICENSE_FIGURES, measure_licenses
from tests.bench.million import measure_million
from tests.bench.reevaluation import measure_reevaluation
from tests.bench.sizes import Sizes, tell

from usher_cli import servers
from usher_cli.servers import Addresses, ServerError

Measure = Callable[[Addresses, Sizes, frozenset[str]], Awaitable[dict[str, Figure]]]


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that one measurement gives."""

    names: Sequence[str]
    measure: Measure


GROUPS = (
    Group(
        (
            "flow_vs_ordinary",
            "flow_vs_floor",
            "flow_people_per_second",
            "ordinary_people_per_second",
            "floor_people_per_second",
        ),
        measure_flow,
    ),
    Group(("import_people_per_second",), measure_imports),
    Group(("change_p50_ms", "change_p99_ms"), measure_changes),
    Group(("check_p50_ms", "check_p99_ms"), measure_checks),
    Group(("reevaluate_60k_seconds",), measure_reevaluation),
    Group(LICENSE_FIGURES, measure_licenses),
    Group(("dashboard_1m_ms", "dashboard_1m_vs_sql"), measure_million),
)
NAMES = [name for group in GROUPS for name in group.names]
FILE = ground.CLONE / ".usher" / "bench.json"


def main() -> None:
    asked, sizes = arguments()
    # Servers of its own, whatever a shell that sourced `.usher/env` says: what is on them is removed.
    for name in [name for name in os.environ if name.startswith("USHER_")]:
        del os.environ[name]
    forget()
    try:
        addresses = servers.start(ground.HOME, tell)
        missing = asyncio.run(measure_all(addresses, asked, sizes))
    except ServerError as error:
        sys.exit(str(error))
    finally:
        servers.stop(ground.HOME)
    if missing:
        sys.exit(f"not measured: {', '.join(missing)}")


def forget() -> None:
    """Stop what a killed run left, and remove its data: every run begins with servers that hold nothing."""
    servers.stop(ground.HOME)
    shutil.rmtree(ground.HOME, ignore_errors=True)


async def measure_all(addresses: Addresses, asked: frozenset[str], sizes: Sizes) -> list[str]:
    """Measure group by group, and write what was measured even where a group fails. Returns the figures that lack."""
    machine = figures.machine(await ground.versions(addresses))
    measured: dict[str, Figure] = {}
    try:
        for group in GROUPS:
            if wanted := asked & set(group.names):
                found = await attempt(group, addresses, sizes, wanted)
                measured |= {name: found[name] for name in group.names if name in wanted & found.keys()}
    finally:
        figures.write(FILE, machine, measured)
        figures.show(machine, measured)
    return [name for name in NAMES if name in asked - measured.keys()]


async def attempt(group: Group, addresses: Addresses, sizes: Sizes, wanted: frozenset[str]) -> dict[str, Figure]:
    """A group's figures; none where it fails, which is told and loses nobody else's."""
    try:
        return await group.measure(addresses, sizes, wanted)
    except Exception:  # noqa: BLE001 (whatever failed, the next group begins on ground of its own)
        traceback.print_exc()
        return {}


def arguments() -> tuple[frozenset[str], Sizes]:
    """The figures that are asked for, and the sizes of runs."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default="", help="names of figures, with commas; all when empty")
    for name, default in Sizes().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    given = vars(parser.parse_args())
    asked = frozenset(filter(None, given.pop("only").split(","))) or frozenset(NAMES)
    if unknown := asked - set(NAMES):
        parser.error(f"no figure is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return asked, Sizes(**given)


if __name__ == "__main__":
    main()
