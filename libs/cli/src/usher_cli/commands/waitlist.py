"""`usher waitlist`: who waits for a pool, until when, and putting people first by hand."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit
from usher_cli.output import day, moment, print_list

COLUMNS = ("#position", "person", "wanted since (UTC)", "role", "#class", "by hand", "expected")


def waitlist(
    ctx: typer.Context,
    org: Annotated[str, typer.Option(help="The organization whose pool is asked for, or one that draws on it.")],
    product: Annotated[str, typer.Option(help="Such as learn or observe.")],
    first: Annotated[
        list[str] | None, typer.Option(metavar="USER", help="Put this person first; again for who comes next.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Why, for --first.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List who waits, in order; with --first, put people at the head of the line (it seats nobody)."""
    if first and not note:
        raise Failure("Say why: --note.")
    with open_session(outside(ctx)) as session:
        pool = session.entitlements.pool(session.org_id(org) or "", product)
        if first and note:
            users = [session.identity.find_user(user)["id"] for user in first]
            session.entitlements.order_waitlist(pool["id"], users, note)
        answer = session.entitlements.waitlist(pool["id"], every=every, limit=limit, cursor=cursor)
    print_list(answer, COLUMNS, waiting_row, as_json=as_json)


def waiting_row(waiting: Json) -> Sequence[Any]:
    return (
        waiting["position"],
        waiting["user_id"],
        moment(waiting["wanted_since"]),
        waiting["role"],
        waiting["priority"],
        waiting["line_order"],
        day(waiting["expected_at"]) or "nobody can tell",
    )
