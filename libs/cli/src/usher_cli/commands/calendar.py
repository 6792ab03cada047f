"""`usher calendar`: the breaks on which nobody is expected, and entering an organization's own."""

from datetime import date
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson
from usher_cli.output import STDERR, print_json, show, table

app = typer.Typer(help="Breaks, on which nobody is expected: their days do not count.", no_args_is_help=True)

Organization = Annotated[str, typer.Argument(metavar="ORG", help="An organization's id, name or external id.")]
Breaks = Annotated[
    list[str] | None,
    typer.Option("--break", metavar="FIRST..LAST[=NAME]", help="Such as 2026-12-21..2027-01-03=Winter; repeat it."),
]


@app.command("show")
def show_calendar(ctx: typer.Context, org: Organization, as_json: AsJson = False) -> None:
    """Show the breaks that hold at an organization, and whose they are."""
    with open_session(outside(ctx)) as session:
        answer = session.identity.calendar(str(session.org_id(org)))
    report(answer, as_json=as_json)


@app.command("set")
def set_calendar(
    ctx: typer.Context,
    org: Organization,
    breaks: Breaks = None,
    no_breaks: Annotated[bool, typer.Option("--no-breaks", help="People are expected every day.")] = False,
    inherit: Annotated[bool, typer.Option("--inherit", help="Leave it to the sources, or to who is above.")] = False,
    as_json: AsJson = False,
) -> None:
    """Enter an organization's breaks, all of them: they hold there and below, whatever its sources say."""
    if [bool(breaks), no_breaks, inherit].count(True) != 1:
        raise Failure("Give every --break of the calendar, or else --no-breaks, or --inherit.")
    entered = None if inherit else [read_break(one) for one in breaks or ()]
    with open_session(outside(ctx)) as session:
        answer = session.identity.set_calendar(str(session.org_id(org)), entered)
    report(answer, as_json=as_json)


def read_break(written: str) -> dict[str, Any]:
    """`FIRST..LAST=NAME` as the API takes it. Raises Failure for anything else."""
    days, _, name = written.partition("=")
    first, _, last = days.partition("..")
    try:
        return {"name": name or "Break", "first": str(date.fromisoformat(first)), "last": str(date.fromisoformat(last))}
    except ValueError:
        raise Failure(f"{written!r} is no break: give it as 2026-12-21..2027-01-03=Winter.") from None


def report(calendar: Json, *, as_json: bool) -> None:
    if as_json:
        print_json(calendar)
        return
    show(
        table(None, ("first", "last", "name"), [(one["first"], one["last"], one["name"]) for one in calendar["breaks"]])
    )
    if calendar["set_at"] is None:
        STDERR.print("Nobody set a calendar here or above: every day counts.", style="dim")
    else:
        own = "its own" if calendar["set_at"] == calendar["org_id"] else f"that of {calendar['set_at']}"
        STDERR.print(f"The calendar is {own}, by {calendar['set_by']}.", style="dim")
