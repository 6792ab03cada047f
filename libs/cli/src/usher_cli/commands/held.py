"""`usher held`: changes that the guard on mass loss holds; looked at, approved or rejected, all or person by person."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, moment, print_json, print_list, show, table

app = typer.Typer(help="Changes that would take too much at once: list, show, approve, reject.", no_args_is_help=True)

SETS = ("since (UTC)", "from", "#deactivate", "#take roles", "#of people", "#held", "state", "id")
ROWS = ("name", "user name", "would be", "would lose", "state", "id")

Set = Annotated[str, typer.Argument(metavar="ID", help="The change set, as `usher held list` shows it.")]
Users = Annotated[list[str] | None, typer.Option("--user", help="Only this person; may be given several times.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    org: Org = None,
    state: Annotated[str, typer.Option(help="held, approved, rejected, stale or all.")] = "held",
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List what is held of an organization and its units."""
    with open_session(outside(ctx)) as session:
        query = {"org_id": session.org_id(org), "state": state, "limit": limit, "cursor": cursor}
        answer = session.identity.change_sets(every=every, **query)
    print_list(answer, SETS, set_row, as_json=as_json)
    if answer["items"] and not as_json:
        STDERR.print(
            "`usher held show ID` shows the people; `usher held approve ID` or `reject ID` decides.", style="dim"
        )


@app.command("show")
def show_(ctx: typer.Context, id_: Set, limit: Limit = 50, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """Show a change set: why it is held, and what each person would lose."""
    with open_session(outside(ctx)) as session:
        answer = session.identity.change_set(id_, limit=limit, cursor=cursor)
    if as_json:
        print_json(answer)
        return
    print_set(answer)
    print_list(answer, ROWS, person_row, as_json=False)


@app.command("approve")
def approve(ctx: typer.Context, id_: Set, user: Users = None, as_json: AsJson = False) -> None:
    """Have what is held done, as if it came now."""
    decide(ctx, id_, "approve", user or [], as_json=as_json)


@app.command("reject")
def reject(ctx: typer.Context, id_: Set, user: Users = None, as_json: AsJson = False) -> None:
    """Leave people what they have, also when the same file comes again."""
    decide(ctx, id_, "reject", user or [], as_json=as_json)


def decide(ctx: typer.Context, id_: str, verdict: str, users: Sequence[str], *, as_json: bool) -> None:
    """Approve or reject a set, or what it holds of some people."""
    with open_session(outside(ctx)) as session:
        people = [session.identity.find_user(user)["id"] for user in users]
        answer = session.identity.decide_on(id_, verdict, people)
    if as_json:
        print_json(answer)
    else:
        print_set(answer)


def print_set(one: Json) -> None:
    """A set's figures."""
    people = [f"{count} {state}" for state, count in one["people"].items() if count]
    rows = [
        ("state", one["state"]),
        ("from", f"{one['kind']} {one['job_id']} of {one['source']}, {moment(one['created_at'])} UTC"),
        ("would deactivate", one["would_deactivate"]),
        ("would take roles from", one["would_remove_roles"]),
        ("of people", f"{one['of_people']}; more than {one['share_percent']} % may not at once"),
        ("people", people),
    ]
    show(table(f"Change set {one['id']}", ("", ""), rows))


def set_row(one: Json) -> Sequence[Any]:
    counts = (one["would_deactivate"], one["would_remove_roles"], one["of_people"], one["people"]["held"])
    return (moment(one["created_at"]), f"{one['kind']} of {one['source']}", *counts, one["state"], one["id"])


def person_row(row: Json) -> Sequence[Any]:
    names = (row["display_name"], row["user_name"])
    return (*names, row["status"], row["remove_roles"], row["state"], row["user_id"])
