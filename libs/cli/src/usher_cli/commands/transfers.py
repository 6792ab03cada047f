"""`usher users transfer` and `usher transfers`: moving people, asking for it, and deciding on what others ask."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.identity import is_id
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.commands.previews import show_seats
from usher_cli.options import AsJson, Cursor, Every, Limit, Org, User
from usher_cli.output import STDERR, moment, print_json, print_list, show, table

app = typer.Typer(help="Transfers that are asked for: list, show, approve, reject, withdraw.")

ROWS = ("asked (UTC)", "who", "from", "to", "roles", "state", "note", "id")

Id = Annotated[str, typer.Argument(metavar="ID", help="The transfer, as `usher transfers` shows it.")]
Said = Annotated[str | None, typer.Option("--note", help="For the other side to read, and kept in the audit log.")]
Roles = Annotated[
    list[str] | None, typer.Option("--role", help="A role in the other tenant; may be given several times.")
]
Named = Annotated[str | None, typer.Option("--user-name", help="Their user name in the other tenant.")]


def transfer(
    ctx: typer.Context,
    user: User,
    org: Annotated[str, typer.Argument(metavar="ORG", help="Where to: an id, a name or an external id.")],
    note: Said = None,
    role: Roles = None,
    user_name: Named = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and to seats.")] = False,
    as_json: AsJson = False,
) -> None:
    """Move a person to another organization or, where it is not yours, ask its administrators.

    An organization of another tenant is named by its id: the person is invited there, and archived here.
    """
    with open_session(outside(ctx)) as session:
        person = session.identity.find_user(user)
        wanted: Json = {"org_id": org if is_id(org) else session.org_id(org), "note": note, "user_name": user_name}
        wanted |= {"roles": role} if role else {}
        said = {name: value for name, value in wanted.items() if value is not None}
        answer = session.identity.transfer(person["id"], said, dry_run=dry_run)
        if as_json:
            print_json(answer)
        elif dry_run:
            preview(session, answer)
        else:
            report(answer)


def preview(session: Session, answer: Json) -> None:
    """Whether it would be done or asked, and what would become of seats, as far as that shows to who asks."""
    told = {"done": "It would be done at once.", "asked": "The other organization's administrators would be asked."}
    STDERR.print(told[answer["outcome"]])
    show_seats(session, answer["people"])


def report(answer: Json) -> None:
    """A person who was moved, or a transfer that waits."""
    if "asked_side" in answer:
        print_transfer(answer)
        return
    STDERR.print(f"Done: {answer['display_name']} is in organization {answer['org_id']}, {answer['status']}.")


@app.callback(invoke_without_command=True)
def list_(
    ctx: typer.Context,
    org: Org = None,
    state: Annotated[
        str | None, typer.Option(help="asked, approved, rejected, withdrawn or lapsed; all of them without it.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List transfers out of and into an organization and its units."""
    if ctx.invoked_subcommand is not None:
        return
    with open_session(outside(ctx)) as session:
        query = {"org_id": session.org_id(org), "state": state, "limit": limit, "cursor": cursor}
        answer = session.identity.transfers(every=every, **query)
    print_list(answer, ROWS, transfer_row, as_json=as_json)
    if not as_json and any(one["state"] == "asked" for one in answer["items"]):
        STDERR.print("`usher transfers approve ID`, or `reject ID`, decides on what others ask.", style="dim")


@app.command("show")
def show_(ctx: typer.Context, id_: Id, as_json: AsJson = False) -> None:
    """Show a transfer: who asks, for whom, and what came of it."""
    with open_session(outside(ctx)) as session:
        answer = session.identity.find_transfer(id_)
    print_json(answer) if as_json else print_transfer(answer)


@app.command("approve")
def approve(
    ctx: typer.Context,
    id_: Id,
    note: Said = None,
    role: Roles = None,
    user_name: Named = None,
    as_json: AsJson = False,
) -> None:
    """Agree: the person is transferred at once. Roles and user name are what another tenant's person begins with."""
    said = {"note": note, "user_name": user_name} | ({"roles": role} if role else {})
    decide(ctx, id_, "approve", said, as_json=as_json)


@app.command("reject")
def reject(
    ctx: typer.Context,
    id_: Id,
    note: Annotated[str, typer.Option("--note", help="Why not: the other side reads it.")],
    as_json: AsJson = False,
) -> None:
    """Decline what the other side asks."""
    decide(ctx, id_, "reject", {"note": note}, as_json=as_json)


@app.command("withdraw")
def withdraw(ctx: typer.Context, id_: Id, note: Said = None, as_json: AsJson = False) -> None:
    """Take back what your side asked."""
    decide(ctx, id_, "withdraw", {"note": note}, as_json=as_json)


def decide(ctx: typer.Context, id_: str, verdict: str, said: Json, *, as_json: bool) -> None:
    given = {name: value for name, value in said.items() if value is not None}
    with open_session(outside(ctx)) as session:
        answer = session.identity.decide_on_transfer(id_, verdict, given)
    print_json(answer) if as_json else print_transfer(answer)


def print_transfer(one: Json) -> None:
    """A transfer in a table; what is not this side's to see is a dash."""
    rows = [
        ("state", one["state"]),
        ("who", who(one)),
        ("email", one["email"]),
        ("roles", one["roles"]),
        ("from", one["from_name"] or one["from_org_id"]),
        ("to", one["to_name"] or one["to_org_id"]),
        ("asked", f"{moment(one['asked_at'])} UTC by {one['asked_by'] or 'the other tenant'}"),
        ("note", one["note"]),
        ("decided", f"{moment(one['decided_at'])} UTC" if one["decided_at"] else None),
        ("answer", one["answer"]),
    ]
    show(table(f"Transfer {one['id']}", ("", ""), rows))


def transfer_row(one: Json) -> Sequence[Any]:
    places = (one["from_name"] or one["from_org_id"], one["to_name"] or one["to_org_id"])
    return (moment(one["asked_at"]), who(one), *places, one["roles"], one["state"], one["note"], one["id"])


def who(one: Json) -> str | None:
    """The person as this side may know them."""
    return f"{one['display_name']} ({one['user_name']})" if one["user_name"] else one["user_id"]
