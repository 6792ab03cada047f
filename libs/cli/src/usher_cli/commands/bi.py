"""`usher bi`: database logins for BI tools."""

from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, moment, print_json, print_list, show, table

app = typer.Typer(help="Database logins for BI tools.", no_args_is_help=True)

COLUMNS = ("id", "name", "tenant", "role", "made", "rotated")

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The id of a login, or its name where no other has it.")]


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called here, such as the tool.")],
    org: Annotated[str, typer.Option("--org", help="The tenant: its id, external id or name.")],
    as_json: AsJson = False,
) -> None:
    """Make a login that sees one tenant's views, and nothing else. Its password is printed once."""
    with open_session(outside(ctx)) as session:
        made = session.reporting.add_bi_user(name, str(session.org_id(org)))
    tell(made, as_json=as_json)


@app.command("list")
def list_logins(
    ctx: typer.Context,
    org: Org = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List the logins of a tenant, or of all."""
    with open_session(outside(ctx)) as session:
        answer = session.reporting.bi_users(every=every, tenant_id=session.org_id(org), limit=limit, cursor=cursor)
    print_list(answer, COLUMNS, row_of, as_json=as_json)


@app.command("rotate")
def rotate(ctx: typer.Context, login: Login, as_json: AsJson = False) -> None:
    """Give a login another password, which is printed once; sessions under the former one end."""
    with open_session(outside(ctx)) as session:
        made = session.reporting.rotate_bi_user(id_of(session, login))
    tell(made, as_json=as_json)


@app.command("remove")
def remove(ctx: typer.Context, login: Login) -> None:
    """Remove a login; its sessions end."""
    with open_session(outside(ctx)) as session:
        session.reporting.remove_bi_user(id_of(session, login))
    STDERR.print(f"Removed {login}.")


def id_of(session: Session, login: str) -> str:
    """The id of a login. Raises Failure for a name that none has, or several have."""
    listed = session.reporting.bi_users(every=True)["items"]
    found = [one["id"] for one in listed if login in (one["id"], one["name"])]
    if len(found) != 1:
        raise Failure(f"{'No' if not found else 'More than one'} login is called {login}: `usher bi list` shows ids.")
    return str(found[0])


def tell(made: Json, *, as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    rows = [("database", made["database"]), ("schema", made["schema_name"]), ("user", made["role"])]
    show(table(None, ("", ""), [*rows, ("password", made["password"])]))
    STDERR.print("The password is kept nowhere: note it now. The server is that of reporting's database.")


def row_of(login: Json) -> tuple[Any, ...]:
    times = moment(login["created_at"]), moment(login["rotated_at"])
    return login["id"], login["name"], login["tenant_id"], login["role"], *times
