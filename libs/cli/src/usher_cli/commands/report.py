"""`usher report`: usage over time, and compliance."""

from datetime import datetime
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.options import AsJson, At, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, day, print_json, print_list, show, table

app = typer.Typer(help="Reports: usage over time, and compliance.", no_args_is_help=True)

PERIODS = ("starts", "#active people", "#logins")
STANDINGS = ("organization", "product", "status", "since", "findings")
DAYS = ["%Y-%m-%d"]


@app.callback()
def report() -> None:
    """Reports: usage over time, and compliance."""


@app.command("usage")
def usage(
    ctx: typer.Context,
    org: Org = None,
    by_month: Annotated[bool, typer.Option("--by-month", help="Months in place of days.")] = False,
    since: Annotated[datetime | None, typer.Option(formats=DAYS, help="The first day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAYS, help="The last day.")] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Show how many people of an organization and its units came, the last 30 days unless you say otherwise."""
    with open_session(outside(ctx)) as session:
        answer = session.reporting.usage(
            session.org_id(org),
            period="month" if by_month else "day",
            since=since and since.date().isoformat(),
            until=until and until.date().isoformat(),
            at=at,
        )
    if as_json:
        print_json(answer)
        return
    title = f"Active people by {answer['period']}, {answer['since']} to {answer['until']}"
    show(table(title, PERIODS, map(row_of, answer["items"])))
    if not answer["items"]:
        STDERR.print("Nobody came, as far as logins are told.", style="dim")


@app.command("compliance")
def compliance(
    ctx: typer.Context,
    org: Org = None,
    product: Annotated[str | None, typer.Option("--product", help="Such as learn or observe.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="compliant, at_risk or non_compliant.")] = None,
    at: At = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """Show who keeps to what they bought, why not, and what to do about it."""
    with open_session(outside(ctx)) as session:
        answer = session.reporting.compliance(
            every=every, org_id=session.org_id(org), product=product, status=status, at=at, limit=limit, cursor=cursor
        )
    print_list(answer, STANDINGS, standing_row, as_json=as_json)


def standing_row(standing: Json) -> tuple[Any, ...]:
    """A license with its findings, each with what to do."""
    told = [f"{one['code']}: {words(one['figures'])}; {one['act']}" for one in standing["findings"]]
    where = standing["organization"] or standing["org_id"]
    return where, standing["product"], standing["status"], day(standing["since"]), "\n".join(told) or None


def words(figures: Json) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items())


def row_of(period: Json) -> tuple[str, int, int]:
    return period["starts_on"], period["active_people"], period["logins"]
