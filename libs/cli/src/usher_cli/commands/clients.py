"""`usher clients`: a tenant's own programs; made, listed, given new secrets, removed."""

from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, moment, print_json, print_list, show, table

app = typer.Typer(help="Machine clients: add, list, rotate, remove.", no_args_is_help=True)

PATH = "/v1/clients"
COLUMNS = ("name", "state", "scopes", "last token (UTC)", "former secret until (UTC)", "acts on", "id")

Client = Annotated[str, typer.Argument(metavar="CLIENT", help="An id, a client id or a name, as `list` shows them.")]


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called here.")],
    org: Annotated[str, typer.Option("--org", help="It acts on this organization and its units.")],
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do, such as users:read; repeat.")],
    as_json: AsJson = False,
) -> None:
    """Make a client. Its secret is shown only now."""
    with open_session(outside(ctx)) as session:
        body = {"name": name, "org_id": session.org_id(org), "scopes": sorted(set(scope))}
        tell(session.identity.calls.post(PATH, body), as_json=as_json)


@app.command("list")
def list_(
    ctx: typer.Context,
    org: Org = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List the clients of an organization and its units."""
    with open_session(outside(ctx)) as session:
        asked = {"org_id": session.org_id(org), "limit": limit, "cursor": cursor}
        answer = session.identity.calls.listed(PATH, every=every, **asked)
    print_list(answer, COLUMNS, to_row, as_json=as_json)


@app.command("rotate")
def rotate(
    ctx: typer.Context,
    client: Client,
    org: Org = None,
    grace_hours: Annotated[int, typer.Option(min=0, max=720, help="For so long the former secret stays valid.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Give a client a new secret, shown only now. The former one stays valid for a while."""
    with open_session(outside(ctx)) as session:
        path = f"{PATH}/{named(session, client, org)['id']}:rotate"
        tell(session.identity.calls.post(path, {"grace_hours": grace_hours}), as_json=as_json)


@app.command("remove")
def remove(ctx: typer.Context, client: Client, org: Org = None) -> None:
    """Remove a client. The token that it has ends within ten minutes."""
    with open_session(outside(ctx)) as session:
        one = named(session, client, org)
        session.identity.calls.send("DELETE", f"{PATH}/{one['id']}")
    STDERR.print(f"{one['name']} is removed; its last token ends within ten minutes.")


def named(session: Session, client: str, org: str | None) -> Json:
    """The one client of this id, client id or name. Raises Failure."""
    found = session.identity.calls.listed(PATH, every=True, org_id=session.org_id(org))["items"]
    called = [one for one in found if client in (one["id"], one["client_id"], one["name"])]
    if len(called) != 1:
        raise Failure(f"{len(called)} clients are called {client}: `usher clients list` shows them; give an id.")
    one: Json = called[0]
    return one


def tell(made: Json, *, as_json: bool) -> None:
    """Show a client whose secret is told now."""
    if as_json:
        print_json(made)
        return
    rows = [
        ("client id", made["client_id"]),
        ("client secret, shown only now", made["client_secret"]),
        ("tokens from", made["token_endpoint"]),
        ("scopes", " ".join(made["scopes"])),
        ("former secret until (UTC)", moment(made["former_until"])),
    ]
    show(table(None, ("what", "value"), rows))
    STDERR.print("docs/machines.md says how to go on.", style="dim")


def to_row(one: Json) -> tuple[Any, ...]:
    state = "disabled" if one["disabled_at"] else "active"
    times = (moment(one["used_at"]), moment(one["former_until"]))
    return (one["name"], state, " ".join(one["scopes"]), *times, one["org_id"], one["id"])
