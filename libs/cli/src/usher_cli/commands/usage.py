"""`usher usage`: who does not use the seat that they hold, the policies on that, and keeping a seat for somebody."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, day, moment, print_json, print_list, show, table

app = typer.Typer(help="Who does not use the seat that they hold, and what becomes of it.", no_args_is_help=True)

SEATS = ("product", "activity", "since (UTC)", "last login (UTC)", "reclaim due", "kept until", "person")
POLICIES = ("product", "#warned", "#inactive", "#reclaimed", "#kept", "set at")
ProductOption = Annotated[str | None, typer.Option("--product", help="Such as learn or observe.")]


@app.command("inactive")
def list_inactive(
    ctx: typer.Context,
    org: Org = None,
    product: ProductOption = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List held seats that nobody uses, those that are so for the longest time first."""
    with open_session(outside(ctx)) as session:
        answer = session.service("usage").listed(
            "/v1/inactive-seats",
            every=every,
            org_id=session.org_id(org),
            product=product,
            limit=limit,
            cursor=cursor,
        )
    print_list(answer, SEATS, seat_row, as_json=as_json)


@app.command("policies")
def list_policies(
    ctx: typer.Context,
    org: Annotated[str, typer.Option(help="An organization's id, name or external id.")],
    product: ProductOption = None,
    as_json: AsJson = False,
) -> None:
    """Show after how many days without a login something happens at an organization."""
    with open_session(outside(ctx)) as session:
        answer = session.service("usage").get("/v1/policies", org_id=session.org_id(org), product=product)
    print_list(answer, POLICIES, policy_row, as_json=as_json)


@app.command("set-policy")
def set_policy(
    ctx: typer.Context,
    product: Annotated[str, typer.Argument(help="Such as learn or observe.")],
    org: Annotated[str, typer.Option(help="An organization's id, name or external id; its units inherit it.")],
    inactive: Annotated[int | None, typer.Option(min=1, help="Days without a login until inactive.")] = None,
    warn: Annotated[int | None, typer.Option(min=1, help="Days until warned; without it, nobody is before.")] = None,
    reclaim: Annotated[int | None, typer.Option(min=1, help="Days until reclaimed; without it, nothing is.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Days for which a seat is kept on request.")] = None,
    inherit: Annotated[bool, typer.Option("--inherit", help="Leave it to the organizations above.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set the whole policy of a product: what is not given is off. Only days that count do; see `usher calendar`."""
    if (inactive is None) != inherit:
        raise Failure("Give --inactive, the days of the window, or else --inherit.")
    days = {"window_days": inactive, "warn_days": warn, "reclaim_days": reclaim, "keep_days": keep}
    with open_session(outside(ctx)) as session:
        body = {"org_id": session.org_id(org), "product": product, **days}
        answer = session.service("usage").put("/v1/policies", body)
    if as_json:
        print_json(answer)
    else:
        show(table(None, POLICIES, [policy_row(answer)]))


@app.command("keep")
def keep(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="An id, user name, email or external id.")],
    product: Annotated[str, typer.Argument(help="Such as learn or observe.")],
    as_json: AsJson = False,
) -> None:
    """Keep a seat for its holder, though they do not use it, for as long as the policy says."""
    with open_session(outside(ctx)) as session:
        user_id = session.identity.find_user(user)["id"]
        answer = session.service("usage").post(f"/v1/activity/{user_id}/{product}:keep", None)
    if as_json:
        print_json(answer)
    else:
        STDERR.print(f"The {product} seat of {user} is kept until {day(answer['kept_until'])}.")


def seat_row(seat: Json) -> Sequence[Any]:
    return (
        seat["product"],
        seat["activity"],
        moment(seat["since"]),
        moment(seat["last_login_at"]),
        day(seat["reclaim_due"]),
        day(seat["kept_until"]),
        seat["user_id"],
    )


def policy_row(policy: Json) -> Sequence[Any]:
    return (
        policy["product"],
        policy["warn_days"],
        policy["window_days"],
        policy["reclaim_days"],
        policy["keep_days"],
        policy["set_at"] or "the default",
    )
