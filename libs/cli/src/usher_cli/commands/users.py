"""`usher users`: find people, look at one, create one, change roles, transfer one, erase one, change many."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import typer

from usher_cli.clients.calls import Json, new_trace_id
from usher_cli.clients.session import open_session, outside
from usher_cli.commands.bulk import bulk
from usher_cli.commands.erasing import erase
from usher_cli.commands.transfers import transfer
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit, Org, User
from usher_cli.output import STDERR, moment, print_json, print_list, show, table

app = typer.Typer(
    help="Find people, look at one, create one, change roles, transfer one, erase one, change many.",
    no_args_is_help=True,
)

app.command("bulk")(bulk)
app.command("transfer")(transfer)
app.command("erase")(erase)

COLUMNS = ("name", "user name", "email", "status", "roles", "id")
Roles: TypeAlias = Annotated[list[str] | None, typer.Option(help="A role; may be given several times.")]


@app.command("list")
def list_users(
    ctx: typer.Context,
    text: Annotated[str | None, typer.Argument(help="The beginning of a name, a user name or an email.")] = None,
    org: Org = None,
    role: Annotated[str | None, typer.Option(help="Who holds this role.")] = None,
    status: Annotated[str | None, typer.Option(help="invited, active, suspended, archived or deleted.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List people of an organization and its units."""
    with open_session(outside(ctx)) as session:
        answer = session.identity.users(
            every=every, org_id=session.org_id(org), role=role, status=status, q=text, limit=limit, cursor=cursor
        )
    print_list(answer, COLUMNS, user_row, as_json=as_json)


@app.command("show")
def show_user(ctx: typer.Context, user: User, as_json: AsJson = False) -> None:
    """Show a person: where they are, their roles and since when, and their seats."""
    with open_session(outside(ctx)) as session:
        person = session.identity.find_user(user)
        if as_json:
            print_json(person)
            return
        organization = session.identity.find_organization(person["org_id"])
        seats = session.entitlements.seats_of(person["id"])["items"]
    print_person(person, organization["name"])
    show(table("Seats", ("product", "state", "since (UTC)", "why"), map(seat_row, seats)))


@app.command("create")
def create_user(
    ctx: typer.Context,
    user_name: Annotated[str, typer.Argument()],
    org: Annotated[str, typer.Option(help="Where they belong: an organization's id, name or external id.")],
    name: Annotated[str | None, typer.Option(help="Their name for people; the user name without it.")] = None,
    email: Annotated[str | None, typer.Option()] = None,
    role: Roles = None,
    as_json: AsJson = False,
) -> None:
    """Create a person, active, with roles granted by hand."""
    with open_session(outside(ctx)) as session:
        person = session.identity.create_user(
            {
                "org_id": session.org_id(org),
                "user_name": user_name,
                "display_name": name or user_name,
                "email": email,
                "roles": role or [],
            }
        )
    report(person, as_json=as_json)


@app.command("roles")
def change_roles(
    ctx: typer.Context,
    user: User,
    add: Roles = None,
    remove: Roles = None,
    exactly: Annotated[list[str] | None, typer.Option("--set", help="Exactly these roles; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a person's roles or, with --add, --remove or --set, change them; seats follow within a second."""
    if exactly and (add or remove):
        raise Failure("--set gives exactly the roles named; it does not go with --add or --remove.")
    with open_session(outside(ctx)) as session:
        person = session.identity.find_user(user)
        if exactly or add or remove:
            held = {one["role"] for one in person["roles"]}
            wanted = set(exactly) if exactly else (held | set(add or ())) - set(remove or ())
            person = session.identity.set_roles(person["id"], list(wanted), trace_id := new_trace_id())
            STDERR.print(f"To see where this goes: usher trace {trace_id}", style="dim")
    report(person, as_json=as_json)


def report(person: Json, *, as_json: bool) -> None:
    if as_json:
        print_json(person)
    else:
        print_person(person, None)


def print_person(person: Json, organization: str | None) -> None:
    """A person in two tables: who and where, and the roles with those who gave them."""
    rows = [
        ("id", person["id"]),
        ("user name", person["user_name"]),
        ("email", person["email"]),
        ("organization", organization or person["org_id"]),
        ("status", f"{person['status']} since {moment(person['status_since'])} UTC"),
        ("known as", [f"{one['external_id']} ({one['source']})" for one in person["external_ids"]]),
        ("version", person["version"]),
    ]
    show(table(person["display_name"], ("", ""), rows))
    roles = [(one["role"], moment(one["since"]), one["sources"]) for one in person["roles"]]
    show(table("Roles", ("role", "since (UTC)", "given by"), roles))


def user_row(person: Json) -> Sequence[Any]:
    roles = [one["role"] for one in person["roles"]]
    return (person["display_name"], person["user_name"], person["email"], person["status"], roles, person["id"])


def seat_row(seat: Json) -> Sequence[Any]:
    return (seat["product"], seat["state"], moment(seat["since"]), seat["reason"])
