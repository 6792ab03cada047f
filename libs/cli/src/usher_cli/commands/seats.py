"""`usher seats`: who holds, awaits or has lost which product, since when and why; taking or giving back one by hand."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.options import AsJson, Cursor, Every, Limit, Note, Org, User
from usher_cli.output import STDERR, moment, print_json, print_list, show, table

app = typer.Typer(
    help="Seats: who has which; the history of one; taking or giving back one by hand.", invoke_without_command=True
)

VERSIONS = ("#version", "at (UTC)", "what", "from", "to", "why", "by", "change set", "message", "trace", "pool")
COLUMNS = ("product", "state", "since (UTC)", "why", "role", "wanted since (UTC)", "person")

Product = Annotated[str, typer.Argument(metavar="PRODUCT", help="Such as learn or observe.")]


@app.callback()
def seats(
    ctx: typer.Context,
    org: Org = None,
    product: Annotated[str | None, typer.Option(help="Such as learn or observe.")] = None,
    state: Annotated[str | None, typer.Option(help="assigned, waitlisted, suspended, withheld or released.")] = None,
    user: Annotated[str | None, typer.Option(help="One person: id, user name, email or external id.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List seats, by person; with --state waitlisted, those who wait in their order."""
    if ctx.invoked_subcommand is not None:
        return
    with open_session(outside(ctx)) as session:
        answer = session.entitlements.seats(
            every=every,
            org_id=session.org_id(org),
            product=product,
            state=state,
            user_id=session.identity.find_user(user)["id"] if user else None,
            limit=limit,
            cursor=cursor,
        )
    print_list(answer, COLUMNS, seat_row, as_json=as_json)


@app.command()
def withhold(ctx: typer.Context, user: User, product: Product, note: Note, as_json: AsJson = False) -> None:
    """Take a seat from a person though a role calls for it; it goes to the first in line at once."""
    act(ctx, "withhold", user, product, note, as_json=as_json)


@app.command()
def lift(ctx: typer.Context, user: User, product: Product, note: Note, as_json: AsJson = False) -> None:
    """Lift a withholding or a reclaim: the person is seated, or waits from now on."""
    act(ctx, "lift", user, product, note, as_json=as_json)


@app.command()
def history(
    ctx: typer.Context,
    user: User,
    product: Product,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """Show every version that a seat ever had, the oldest first: what happened, why, and by what."""
    with open_session(outside(ctx)) as session:
        person = session.identity.find_user(user)
        answer = session.reporting.seat_history(person["id"], product, every=every, limit=limit, cursor=cursor)
    print_list(answer, VERSIONS, version_row, as_json=as_json)
    if not as_json and any(one["trace_id"] for one in answer["items"]):
        STDERR.print("`usher trace ID` shows how a change came about, by the trace's id.", style="dim")


def act(ctx: typer.Context, name: str, user: str, product: str, note: str, *, as_json: bool) -> None:
    with open_session(outside(ctx)) as session:
        person = session.identity.find_user(user)
        seat = session.entitlements.act_on_seat(person["id"], product, name, note)
    if as_json:
        print_json(seat)
    else:
        show(table(None, COLUMNS, [seat_row(seat)]))


def seat_row(seat: Json) -> Sequence[Any]:
    return (
        seat["product"],
        seat["state"],
        moment(seat["since"]),
        seat["reason"],
        seat["role"],
        moment(seat["wanted_since"]),
        seat["user_id"],
    )


def version_row(one: Json) -> Sequence[Any]:
    return (
        one["version"],
        moment(one["at"]),
        f"{one['kind']} (void)" if one["is_void"] else one["kind"],
        one["from_state"],
        one["state"],
        one["reason"],
        one["actor"],
        one["changeset"],
        one["causation_id"],
        one["trace_id"],
        one["pool_id"],
    )
