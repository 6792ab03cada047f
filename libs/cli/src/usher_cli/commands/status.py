"""`usher status`: what runs on this machine."""

from dataclasses import asdict

from usher_cli import local
from usher_cli.local import state
from usher_cli.options import AsJson
from usher_cli.output import STDOUT, print_json, table


def status(as_json: AsJson = False) -> None:
    """Show what runs of this clone: services, mail and servers."""
    rows = [asdict(row) for row in state.rows(local.this_clone())]
    for row in rows:
        row["since"] = row["since"].isoformat(timespec="seconds") if row["since"] else None
    if as_json:
        print_json({"items": rows, "next_cursor": None})
    else:
        columns = {"name": "", "state": "", "address": "", "pid": "#", "memory_mib": "#", "since": ""}
        heads = [f"{mark}{name.replace('memory_mib', 'MiB')}" for name, mark in columns.items()]
        STDOUT.print(table(None, heads, ([row[name] for name in columns] for row in rows)))
