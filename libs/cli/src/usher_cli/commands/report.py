"""`usher report`: usage over time, compliance, claims and assignments; and every report as a file."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.commands import schedules
from usher_cli.commands.claim_reports import assignments, claims
from usher_cli.commands.forecasts import forecast
from usher_cli.commands.report_files import Into, export, exporter
from usher_cli.options import AsJson, At, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, day, print_json, print_list, show, table

ABOUT = "Reports: usage over time, compliance, claims, assignments, and every report as a file."

app = typer.Typer(help=ABOUT, no_args_is_help=True)
app.command("claims")(claims)
app.command("assignments")(assignments)
app.command("forecast")(forecast)

PERIODS = ("starts", "#active people", "#logins")
STANDINGS = ("organization", "product", "status", "since", "findings")
DAYS = ["%Y-%m-%d"]
FILES: Mapping[str, str] = {
    "dashboard": "Export the license dashboard: each product's seats and people.",
    "organizations": "Export the allocation by organization.",
    "renewals": "Export the terms that end soon.",
    "audit": "Export administrative acts.",
}
"""The reports that are files here and nothing else, with what each is told as."""


@app.callback()
def report() -> None:
    """Reports: usage over time, compliance, claims, assignments, and every report as a file."""


@app.command("usage")
def usage(
    ctx: typer.Context,
    org: Org = None,
    by_month: Annotated[bool, typer.Option("--by-month", help="Months in place of days.")] = False,
    since: Annotated[datetime | None, typer.Option(formats=DAYS, help="The first day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAYS, help="The last day.")] = None,
    at: At = None,
    into: Into = None,
    as_json: AsJson = False,
) -> None:
    """Show how many people of an organization and its units came, the last 30 days unless you say otherwise.

    Exported, it is each organization by itself.
    """
    asked = {
        "period": "month" if by_month else "day",
        "since": since and since.date().isoformat(),
        "until": until and until.date().isoformat(),
    }
    if into:
        export(ctx, "usage", into, org, asked, at)
        return
    with open_session(outside(ctx)) as session:
        answer = session.reporting.usage(session.org_id(org), **asked, at=at)
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
    into: Into = None,
    as_json: AsJson = False,
) -> None:
    """Show who keeps to what they bought, why not, and what to do about it."""
    if into:
        export(ctx, "compliance", into, org, {"product": product, "status": status}, at)
        return
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


app.command("schedule")(schedules.schedule)
app.command("schedules")(schedules.list_schedules)
app.command("unschedule")(schedules.unschedule)
for name, about in FILES.items():
    app.command(name)(exporter(name, about))
