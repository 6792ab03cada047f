"""`usher report schedule`, `schedules`, `unschedule`: reports that are exported again and again."""

from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.exporting import FORMATS, Filters, read_filters
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, moment, print_json, print_list

COLUMNS = ("id", "report", "format", "cron", "time zone", "next", "last", "#recipients")

Schedule = Annotated[str, typer.Argument(metavar="SCHEDULE", help="The id of a schedule.")]


def schedule(
    ctx: typer.Context,
    report: Annotated[str, typer.Argument(help="A report, such as claims or compliance.")],
    org: Annotated[str, typer.Option("--org", help="The organization, with its units: its id, external id or name.")],
    cron: Annotated[str, typer.Option("--cron", help="Five fields, by the organization's clock: '0 6 * * 1'.")],
    to: Annotated[list[str] | None, typer.Option("--to", metavar="USER", help="Who gets a mail with a link.")] = None,
    format_: Annotated[str, typer.Option("--format", help="csv, xlsx or parquet.")] = "xlsx",
    filters: Filters = None,
    as_json: AsJson = False,
) -> None:
    """Export a report again and again, and mail those who are to have it."""
    if format_ not in FORMATS:
        raise Failure(f"{format_!r} is no format: csv, xlsx or parquet.")
    with open_session(outside(ctx)) as session:
        wanted = {
            "report": report,
            "format": format_,
            "org_id": session.org_id(org),
            "cron": cron,
            "recipients": [session.identity.find_user(one)["id"] for one in to or ()],
            "filters": read_filters(filters),
        }
        made = session.reporting.add_schedule(wanted)
    if as_json:
        print_json(made)
        return
    STDERR.print(f"{made['id']}: next at {moment(made['next_at'])} UTC.")


def list_schedules(
    ctx: typer.Context,
    org: Org = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List the schedules of an organization and its units."""
    with open_session(outside(ctx)) as session:
        answer = session.reporting.schedules(every=every, org_id=session.org_id(org), limit=limit, cursor=cursor)
    print_list(answer, COLUMNS, row_of, as_json=as_json)


def unschedule(ctx: typer.Context, schedule_id: Schedule) -> None:
    """End a schedule. What it made stays for its days."""
    with open_session(outside(ctx)) as session:
        session.reporting.remove_schedule(schedule_id)
    STDERR.print(f"Ended {schedule_id}.")


def row_of(one: Json) -> tuple[Any, ...]:
    what = one["id"], one["report"], one["format"], one["cron"], one["time_zone"]
    return *what, moment(one["next_at"]), moment(one["last_at"]), len(one["recipients"])
