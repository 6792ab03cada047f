"""`usher report`: what reporting tells over time."""

from datetime import datetime
from typing import Annotated

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.options import AsJson, Org
from usher_cli.output import STDERR, print_json, show, table

app = typer.Typer(help="Reports: what was, period by period.", no_args_is_help=True)

PERIODS = ("starts", "#active people", "#logins")
DAYS = ["%Y-%m-%d"]


@app.callback()
def report() -> None:
    """Reports: what was, period by period."""


@app.command("usage")
def usage(
    ctx: typer.Context,
    org: Org = None,
    by_month: Annotated[bool, typer.Option("--by-month", help="Months in place of days.")] = False,
    since: Annotated[datetime | None, typer.Option(formats=DAYS, help="The first day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAYS, help="The last day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how many people of an organization and its units came, the last 30 days unless you say otherwise."""
    with open_session(outside(ctx)) as session:
        answer = session.reporting.usage(
            session.org_id(org),
            period="month" if by_month else "day",
            since=since and since.date().isoformat(),
            until=until and until.date().isoformat(),
        )
    if as_json:
        print_json(answer)
        return
    title = f"Active people by {answer['period']}, {answer['since']} to {answer['until']}"
    show(table(title, PERIODS, map(row_of, answer["items"])))
    if not answer["items"]:
        STDERR.print("Nobody came, as far as logins are told.", style="dim")


def row_of(period: Json) -> tuple[str, int, int]:
    return period["starts_on"], period["active_people"], period["logins"]
