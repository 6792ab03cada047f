"""`usher idp`: identity providers that people sign in by; connected, listed, shown, tested, removed."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.commands.upstream import mapping
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, print_json, print_list, show, table

app = typer.Typer(help="Identity providers: add, list, show, test, remove.", no_args_is_help=True)

PATH = "/v1/identity-providers"
COLUMNS = ("name", "title", "issuer", "links by", "creates people", "serves", "id")
CLAIMS = ("user_name", "email", "display_name", "external_id", "roles")
SETTINGS = ("id", "name", "title", "org_id", "issuer", "client_id", "scopes", "links_by", "creates_people", "domains")

Provider = Annotated[str, typer.Argument(metavar="PROVIDER", help="A name or an id, as `list` shows them.")]


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name here: small letters, digits, - _")],
    org: Annotated[str, typer.Option("--org", help="Whose people it signs in, with those of its units.")],
    issuer: Annotated[str, typer.Option("--issuer", help="Its address, exactly as it calls itself.")],
    client_id: Annotated[str, typer.Option("--client-id", help="What it knows us by.")],
    client_secret: Annotated[
        str,
        typer.Option("--client-secret", envvar="USHER_IDP_SECRET", prompt=True, hide_input=True, help="Asked for."),
    ],
    title: Annotated[str | None, typer.Option("--title", help="What its button says.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="Asked for beside openid; repeat.")] = None,
    claim: Annotated[list[str] | None, typer.Option("--claim", metavar="WHAT=CLAIM", help="As roles=groups.")] = None,
    words: Annotated[list[str] | None, typer.Option("--map", metavar="WORD=ROLE,…", help="Its roles; repeat.")] = None,
    link_by: Annotated[
        list[str] | None,
        typer.Option("--link-by", help="external_id, user_name or email: how it may name people first; repeat."),
    ] = None,
    creates_people: Annotated[bool, typer.Option("--creates-people", help="Create who is unknown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Connect a provider: its discovery document is read at once. Prints what to enter there."""
    body: Json = {
        "name": name,
        "issuer": issuer,
        "client_id": client_id,
        "client_secret": client_secret,
        "claims": claims(claim or []),
        "mapping": mapping(words or []),
        "links_by": link_by or [],
        "creates_people": creates_people,
    }
    body |= {"title": title} if title else {}
    body |= {"scopes": ["openid", *(one for one in scope if one != "openid")]} if scope else {}
    with open_session(outside(ctx)) as session:
        made = session.identity.calls.post(PATH, {**body, "org_id": session.org_id(org)})
    if as_json:
        print_json(made)
        return
    rows = [("redirect URI, to enter there", made["redirect_uri"]), ("people sign in at", made["sign_in_address"])]
    show(table(None, ("what", "value"), rows))
    STDERR.print("docs/sign-in.md says what to set at which provider.", style="dim")


@app.command("list")
def list_(
    ctx: typer.Context,
    org: Org = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List the providers of an organization and its units."""
    with open_session(outside(ctx)) as session:
        asked = {"org_id": session.org_id(org), "limit": limit, "cursor": cursor}
        answer = session.identity.calls.listed(PATH, every=every, **asked)
    print_list(answer, COLUMNS, to_row, as_json=as_json)


@app.command("show")
def show_(ctx: typer.Context, provider: Provider, org: Org = None, as_json: AsJson = False) -> None:
    """Show a provider with its claims, its words for roles, and what is to be entered there."""
    with open_session(outside(ctx)) as session:
        one = named(session, provider, org)
    if as_json:
        print_json(one)
        return
    rows = [
        *((name.replace("_", " "), one[name]) for name in SETTINGS),
        *((f"claim of {what}", said) for what, said in one["claims"].items()),
        *((f"word {word}", roles) for word, roles in one["mapping"].items()),
        ("redirect URI", one["redirect_uri"]),
        ("people sign in at", one["sign_in_address"]),
    ]
    show(table(None, ("what", "value"), rows))


@app.command("test")
def read_anew(ctx: typer.Context, provider: Provider, org: Org = None, as_json: AsJson = False) -> None:
    """Read a provider's discovery document and keys anew, and say what is wrong with them."""
    with open_session(outside(ctx)) as session:
        found = session.identity.calls.get(f"{PATH}/{named(session, provider, org)['id']}/discovery")
    if as_json:
        print_json(found)
    else:
        show(table(None, ("what", "value"), list(found.items())))
    if not found["keys"]:
        raise Failure(f"None of the keys at {found['jwks_uri']} can be used: nobody can sign in by it.")


@app.command("remove")
def remove(ctx: typer.Context, provider: Provider, org: Org = None) -> None:
    """Let nobody sign in by a provider any more; who did is signed out. People, and roles that it gave, stay."""
    with open_session(outside(ctx)) as session:
        one = named(session, provider, org)
        session.identity.calls.send("DELETE", f"{PATH}/{one['id']}")
    STDERR.print(f"{one['name']} is removed.")


def named(session: Session, provider: str, org: str | None) -> Json:
    """The one provider of this name or id. Raises Failure."""
    found = session.identity.calls.listed(PATH, every=True, org_id=session.org_id(org))["items"]
    called = [one for one in found if provider in (one["name"], one["id"])]
    if len(called) != 1:
        raise Failure(f"{len(called)} providers are called {provider}: `usher idp list` shows them; give an id.")
    one: Json = called[0]
    return one


def claims(given: Sequence[str]) -> dict[str, str]:
    """`roles=groups` as what is said by which claim. Raises Failure for what is none."""
    found = dict(one.partition("=")[::2] for one in given)
    if wrong := [what for what, claim in found.items() if what not in CLAIMS or not claim]:
        raise Failure(f"--claim {wrong[0]} is not WHAT=CLAIM, such as roles=groups; WHAT: {', '.join(CLAIMS)}.")
    return found


def to_row(one: Json) -> tuple[Any, ...]:
    serves = "everybody" if one["serves_all"] else one["org_id"]
    return (one["name"], one["title"], one["issuer"], one["links_by"], one["creates_people"], serves, one["id"])
