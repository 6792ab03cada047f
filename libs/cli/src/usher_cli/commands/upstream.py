"""`usher upstream`: systems that say who people are; connected, listed, read, removed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.commands.importing import SHOWN_ISSUES, print_counts, print_issues, progress_bar
from usher_cli.failure import Failure
from usher_cli.importing import follow
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, moment, print_json, print_list, show, table
from usher_cli.upstreams.amqp import Amqp
from usher_cli.upstreams.keycloak import Keycloak
from usher_cli.upstreams.oneroster import OneRoster
from usher_cli.upstreams.scim import Scim, issue
from usher_cli.upstreams.ways import Asked, Way

app = typer.Typer(help="Upstream systems: add, list, read, remove.", no_args_is_help=True)

COLUMNS = ("name", "kind", "#commands a minute", "words", "since (UTC)", "acts on", "id")
PATH = "/v1/upstreams"
WAYS: Mapping[str, Way] = {"amqp": Amqp(), "keycloak": Keycloak(), "oneroster": OneRoster(), "scim": Scim()}
TALLY_COLUMNS = ("outcome", "what", "#events", "latest (UTC)", "detail")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The source of all that it says: small letters, digits, - _")]
Words = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="WORD=ROLE,…", help="Roles for a word of its own, or by scim for a group; repeat."),
]


@app.command("add")
def add(
    ctx: typer.Context,
    name: Name,
    org: Annotated[str, typer.Option("--org", help="It acts on this organization and its units.")],
    kind: Annotated[
        Literal["amqp", "keycloak", "oneroster", "scim"], typer.Option("--kind", help="The way that it comes by.")
    ] = "amqp",
    words: Words = None,
    quota: Annotated[int, typer.Option(min=1, help="Commands a minute.")] = 6_000,
    realm: Annotated[str | None, typer.Option("--realm", help="keycloak: the realm's name.")] = None,
    realm_id: Annotated[
        str | None, typer.Option("--realm-id", help="keycloak: events of any other are refused.")
    ] = None,
    client: Annotated[list[str] | None, typer.Option("--client", help="keycloak: logins to it count; repeat.")] = None,
    attribute: Annotated[
        str | None, typer.Option("--organization-attribute", help="keycloak: has a user's organization, by its id.")
    ] = None,
    exchange: Annotated[str | None, typer.Option("--exchange", help="keycloak: if not amq.topic.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="oneroster: where the service is.")] = None,
    token_url: Annotated[
        str | None, typer.Option("--token-url", help="oneroster: where it gives tokens, if not at /oauth/token there.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option("--client-id", help="oneroster: who asks; the secret is asked for or piped in.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Connect an upstream, and print what to configure there.

    By amqp and keycloak it gets an account on RabbitMQ; by scim an address and a token.
    """
    way = WAYS[kind]
    asked = Asked(realm, realm_id, client or (), attribute, exchange, url, token_url, client_id)
    with open_session(outside(ctx)) as session:
        way.prepare(session)
        body = {
            "name": name,
            "kind": kind,
            "org_id": session.org_id(org),
            "mapping": mapping(words or []),
            "quota": quota,
            **way.needs(asked),
        }
        made = session.identity.calls.post(PATH, body)
        try:
            answer = way.connect(session, made)
        except Failure:
            session.identity.calls.send("DELETE", f"{PATH}/{made['id']}")
            raise
    if as_json:
        print_json(answer)
    else:
        show(table(None, ("what", "value"), way.settings(answer)))
        STDERR.print(way.hint, style="dim")


@app.command("token")
def token(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An upstream of kind scim, by its name or id.")],
    org: Org = None,
    grace_hours: Annotated[
        int, typer.Option(min=0, max=720, help="So long older tokens stay valid; 0 ends them.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Make a new token for an upstream that comes by SCIM. It is shown only now."""
    with open_session(outside(ctx)) as session:
        one = named(session, name, org)
        if one["kind"] != "scim":
            raise Failure(f"{one['name']} comes by {one['kind']}, which knows no tokens: only kind scim does.")
        made = issue(session, one, grace_hours=grace_hours)
    if as_json:
        print_json(made)
    else:
        show(table(None, ("what", "value"), [*Scim().settings(made), ("older tokens until", made["former_until"])]))


@app.command("list")
def list_(
    ctx: typer.Context,
    org: Org = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List the upstreams of an organization and its units."""
    with open_session(outside(ctx)) as session:
        answer = session.identity.calls.listed(
            PATH, every=every, org_id=session.org_id(org), limit=limit, cursor=cursor
        )
    print_list(answer, COLUMNS, to_row, as_json=as_json)


@app.command("remove")
def remove(ctx: typer.Context, name: Name, org: Org = None) -> None:
    """Hear an upstream no more, and remove what was made for it. People, and roles that it gave, stay."""
    with open_session(outside(ctx)) as session:
        one = named(session, name, org)
        way = WAYS[one["kind"]]
        way.prepare(session)
        session.identity.calls.send("DELETE", f"{PATH}/{one['id']}")
        way.disconnect(session, one)
    STDERR.print(f"{one['name']} is removed.")


@app.command("sync")
def sync(
    ctx: typer.Context,
    name: Name,
    org: Org = None,
    full: Annotated[bool, typer.Option("--full", help="Everything, not what changed alone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and report, and change nothing.")] = False,
    issues: Annotated[Path | None, typer.Option(help="Write every issue to this CSV file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read the roster of an upstream of kind oneroster now, and show what became of it."""
    with open_session(outside(ctx)) as session:
        path = f"{PATH}/{named(session, name, org)['id']}:sync"
        started = session.identity.calls.post(path, {"full": full, "dry_run": dry_run})
        with progress_bar() as progress:
            job = follow(session, started, progress)
        if job["state"] == "failed":
            raise Failure(f"{name} was not read: {job['error']['detail']}")
        found = session.identity.issues(job["id"], limit=SHOWN_ISSUES)["items"]
        if issues is not None:
            issues.write_bytes(session.identity.issues_as_csv(job["id"]))
    if as_json:
        print_json(job)
        return
    print_counts(job)
    print_issues(job, found, issues)


@app.command("tally")
def tally(ctx: typer.Context, name: Name, org: Org = None, as_json: AsJson = False) -> None:
    """Show what became of an upstream's events, counted; for those that read no outcomes, such as Keycloak's."""
    with open_session(outside(ctx)) as session:
        found = session.identity.calls.get(f"{PATH}/{named(session, name, org)['id']}/tally")["items"]
    if as_json:
        print_json(found)
    else:
        rows = [(one["outcome"], one["what"], one["events"], moment(one["last_at"]), one["detail"]) for one in found]
        show(table(None, TALLY_COLUMNS, rows))


def named(session: Session, name: str, org: str | None) -> Json:
    """The one upstream of this name or id. Raises Failure."""
    found = session.identity.calls.listed(PATH, every=True, org_id=session.org_id(org))["items"]
    called = [one for one in found if name in (one["name"], one["id"])]
    if len(called) != 1:
        raise Failure(f"{len(called)} upstreams are called {name}: `usher upstream list` shows them; give an id.")
    one: Json = called[0]
    return one


def mapping(words: Sequence[str]) -> dict[str, list[str]]:
    """`Lehrkraft=learner,observable` as a word and its roles. Raises Failure for what is none."""
    found: dict[str, list[str]] = {}
    for one in words:
        word, sign, roles = one.partition("=")
        if not (word and sign and roles):
            raise Failure(f"--map {one} is not WORD=ROLE,…, such as Lehrkraft=learner,observable.")
        found[word] = roles.split(",")
    return found


def to_row(one: Json) -> tuple[Any, ...]:
    words = " ".join(f"{word}={','.join(roles)}" for word, roles in one["mapping"].items())
    return (one["name"], one["kind"], one["quota"], words, moment(one["created_at"]), one["org_id"], one["id"])
