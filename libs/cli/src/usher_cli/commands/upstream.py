"""`usher upstream`: systems that say who people are, over AMQP; connected, listed, removed."""

import secrets
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import typer

from usher_cli.clients.broker import URL, Broker
from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, moment, print_json, print_list, show, table

app = typer.Typer(help="Upstream systems over AMQP: add, list, remove.", no_args_is_help=True)

COLUMNS = ("name", "#commands a minute", "words", "since (UTC)", "acts on", "id")
PATH = "/v1/upstreams"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The source of all that it says: small letters, digits, - _")]
Words = Annotated[
    list[str] | None, typer.Option("--map", metavar="WORD=ROLE,…", help="Roles for a word of its own; may be repeated.")
]


@app.command("add")
def add(
    ctx: typer.Context,
    name: Name,
    org: Annotated[str, typer.Option("--org", help="It acts on this organization and its units.")],
    words: Words = None,
    quota: Annotated[int, typer.Option(min=1, help="Commands a minute.")] = 6_000,
    as_json: AsJson = False,
) -> None:
    """Connect an upstream: to identity, and to RabbitMQ with an account of its own. Prints what to configure there."""
    with open_session(outside(ctx)) as session:
        broker = broker_of(session)
        body = {"name": name, "org_id": session.org_id(org), "mapping": mapping(words or []), "quota": quota}
        made = session.identity.calls.post(PATH, body)
        password = secrets.token_urlsafe(24)
        try:
            user = broker.admit(UUID(made["tenant_id"]), name, password)
        except Failure:
            session.identity.calls.send("DELETE", f"{PATH}/{made['id']}")
            raise
        answer = {**made, "url": url_of(session, user, password)}
    if as_json:
        print_json(answer)
    else:
        print_settings(answer)


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
    """Hear an upstream no more, and remove its account and outcomes. People, and roles that it gave, stay."""
    with open_session(outside(ctx)) as session:
        broker = broker_of(session)
        found = session.identity.calls.listed(PATH, every=True, org_id=session.org_id(org))["items"]
        named = [one for one in found if name in (one["name"], one["id"])]
        if len(named) != 1:
            raise Failure(f"{len(named)} upstreams are called {name}: `usher upstream list` shows them; give an id.")
        session.identity.calls.send("DELETE", f"{PATH}/{named[0]['id']}")
        broker.dismiss(UUID(named[0]["tenant_id"]), named[0]["name"])
    STDERR.print(f"{named[0]['name']} is removed.")


def broker_of(session: Session) -> Broker:
    """Raises Failure where it is not known."""
    broker = Broker.of(session.environment, session.http)
    if broker is None:
        raise Failure(f"Set {URL} to RabbitMQ's management API, with an administrator's name and password.")
    return broker


def mapping(words: Sequence[str]) -> dict[str, list[str]]:
    """`Lehrkraft=learner,observable` as a word and its roles. Raises Failure for what is none."""
    found: dict[str, list[str]] = {}
    for one in words:
        word, sign, roles = one.partition("=")
        if not (word and sign and roles):
            raise Failure(f"--map {one} is not WORD=ROLE,…, such as Lehrkraft=learner,observable.")
        found[word] = roles.split(",")
    return found


def url_of(session: Session, user: str, password: str) -> str:
    """Where the upstream connects, as this machine knows it."""
    parts = urlsplit(session.environment.get("USHER_RABBITMQ_URL") or "amqp://127.0.0.1/")
    return parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()


def print_settings(one: Json) -> None:
    """What to configure at the upstream."""
    example = one["routing_keys"].replace("#", "user.upsert.v1")
    rows = [
        ("URL, shown only now", one["url"]),
        ("exchange", one["exchange"]),
        ("routing keys", one["routing_keys"]),
        ("such as", example),
        ("outcomes", one["outcome_queue"]),
    ]
    show(table(None, ("what", "value"), rows))
    STDERR.print("docs/upstream.md has a sender in ten lines.", style="dim")


def to_row(one: Json) -> tuple[Any, ...]:
    words = " ".join(f"{word}={','.join(roles)}" for word, roles in one["mapping"].items())
    return (one["name"], one["quota"], words, moment(one["created_at"]), one["org_id"], one["id"])
