"""`usher replay`: a service's read models made anew from what their owners tell again; followed or cancelled."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson
from usher_cli.output import STDERR, moment, print_json, show, table

REBUILT = ("reporting",)
PAUSE_SECONDS = 0.3
COLUMNS = ("owner", "type", "#expected", "#arrived", "#told", "")


def replay(
    ctx: typer.Context,
    service: Annotated[
        str | None, typer.Argument(help="The service whose read models are made anew: reporting.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it to its end.")] = True,
    status: Annotated[bool, typer.Option("--status", help="Show how far the latest one is.")] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="End the one that is going on; nothing more changes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make reporting's read models anew beside the live ones, from what their owners tell again, and exchange them."""
    if status and cancel:
        raise Failure("Ask for --status or for --cancel, not for both.")
    if service not in (REBUILT if not (status or cancel) else (None, *REBUILT)):
        raise Failure(f"Say what is to be made anew: usher replay {REBUILT[0]}. The other services own what they have.")
    with open_session(outside(ctx)) as session:
        if status or cancel:
            rebuild = latest(session)
            if cancel:
                rebuild = session.reporting.cancel_rebuild(rebuild["id"])
        else:
            rebuild = session.reporting.start_rebuild()
            if wait:
                with progress_bar() as move:
                    rebuild = follow(session, rebuild, move)
    if as_json:
        print_json(rebuild)
    else:
        print_rebuild(rebuild)
    if rebuild["error"]:
        raise Failure(f"The rebuild failed: {rebuild['error']}")
    if rebuild["state"] == "cancelled" and not status:
        raise Failure("The rebuild was cancelled; tenants that were exchanged stay so.")


def latest(session: Session) -> Json:
    """The rebuild that was asked for last. Raises Failure where there never was one."""
    rebuild = session.reporting.latest_rebuild()
    if rebuild is None:
        raise Failure("There was no rebuild yet; `usher replay reporting` starts one.")
    return rebuild


def follow(session: Session, rebuild: Json, move: Any) -> Json:
    """Wait for a rebuild's end; `move` gets its state now and then."""
    while rebuild["finished_at"] is None:
        time.sleep(PAUSE_SECONDS)
        rebuild = session.reporting.rebuild(rebuild["id"])
        move(rebuild)
    return rebuild


@contextmanager
def progress_bar() -> Iterator[Any]:
    """A bar of facts told again, and then of tenants exchanged; on stderr, and gone where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=STDERR, transient=True, disable=not STDERR.is_terminal) as bar:
        task = bar.add_task("waiting", total=None)

        def move(rebuild: Json) -> None:
            done, total = how_far(rebuild)
            bar.update(task, description=rebuild["state"], completed=done, total=total)

        yield move


def how_far(rebuild: Json) -> tuple[int, int | None]:
    """How much of how much is done of what is being done; what is told may be a little more than was expected."""
    if rebuild["state"] == "exchanging":
        return rebuild["exchanged"], rebuild["tenants"]
    types = [one for owner in rebuild["owners"] for one in owner["types"]]
    expected = sum(one["expected"] if one["told"] is None else one["told"] for one in types)
    arrived = sum(one["arrived"] for one in types)
    return arrived, max(expected, arrived) or None


def print_rebuild(rebuild: Json) -> None:
    """A rebuild's owners with what they told, and what came of it."""
    rows = [
        (
            owner["service"],
            one["type"].removeprefix("usher.").partition(".")[2].rpartition(".v")[0],
            one["expected"],
            one["arrived"],
            one["told"],
            "" if owner["has_ended"] else "telling",
        )
        for owner in rebuild["owners"]
        for one in owner["types"]
    ]
    if rows:
        show(table(None, COLUMNS, rows))
    show(
        f"{rebuild['state']}: {rebuild['exchanged']} of {rebuild['tenants']} tenants exchanged, "
        f"{rebuild['corrected']:,} rows corrected; asked {moment(rebuild['asked_at'])}"
    )
