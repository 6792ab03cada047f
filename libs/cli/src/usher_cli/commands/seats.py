"""`usher seats`: who holds, awaits or has lost which product."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import moment, print_list

COLUMNS = ("product", "state", "since (UTC)", "why", "role", "wanted since (UTC)", "person")


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
