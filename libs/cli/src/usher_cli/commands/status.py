"""`usher status`: what runs on this machine."""

from dataclasses import asdict
from datetime import datetime

from usher_cli import local
from usher_cli.local import state
from usher_cli.options import AsJson
from usher_cli.output import print_json, show, table


def status(as_json: AsJson = False) -> None:
    """Show what runs of this clone: services, mail and servers."""
    rows = list(state.rows(local.this_clone()))
    if as_json:
        items = [asdict(row) | {"since": row.since and row.since.isoformat()} for row in rows]
        print_json({"items": items, "next_cursor": None})
        return
    shown = [(row.name, row.state, row.address, row.pid, row.memory_mib, since(row.since)) for row in rows]
    show(table(None, ["program", "state", "address", "#pid", "#MiB", "since"], shown))


def since(at: datetime | None) -> str | None:
    """A start's time on this machine, to the second."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else None
