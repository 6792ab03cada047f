"""`usher licenses`: what was bought, buying and changing it, and asking for more."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.commands import license_requests
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import day, moment, print_json, print_list, show, table

app = typer.Typer(
    help="License terms: what was bought, buying and changing it; and requests for more.", no_args_is_help=True
)
app.command("request")(license_requests.request)
app.command("requests")(license_requests.requests)
app.command("change-request")(license_requests.change_request)
app.command("withdraw-request")(license_requests.withdraw_request)
app.command("answer")(license_requests.answer)

COLUMNS = ("product", "#seats", "starts", "ends", "#grace days", "overage", "state", "organization", "id")
DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Seats = Annotated[int | None, typer.Option(min=0, help="How many seats.")]
Starts = Annotated[datetime | None, typer.Option(formats=DAYS, help="The first day (UTC).")]
Ends = Annotated[datetime | None, typer.Option(formats=DAYS, help="The day on which it ends (UTC).")]
GraceDays = Annotated[int | None, typer.Option(min=0, help="Days after the end on which seats are kept.")]
Overage = Annotated[str | None, typer.Option(help="block, percent:N or allow.")]
Shrink = Annotated[
    str | None, typer.Option(help="Whose seats a smaller license takes: keep, last_assigned or least_recently_active.")
]
Product = Annotated[str, typer.Option(help="Such as learn or observe.")]
HOLDER_COLUMNS = ("person", "organization", "assigned since (UTC)", "last login (UTC)")


@app.command("list")
def list_terms(
    ctx: typer.Context,
    org: Org = None,
    product: Annotated[str | None, typer.Option(help="Such as learn or observe.")] = None,
    state: Annotated[str | None, typer.Option(help="scheduled, active, expiring, …")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List license terms by their end."""
    with open_session(outside(ctx)) as session:
        answer = session.entitlements.terms(
            every=every, org_id=session.org_id(org), product=product, state=state, limit=limit, cursor=cursor
        )
    print_list(answer, COLUMNS, term_row, as_json=as_json)


@app.command("create")
def create_term(
    ctx: typer.Context,
    org: Annotated[str, typer.Option(help="Who buys: an organization's id, name or external id.")],
    product: Annotated[str, typer.Option(help="Such as learn or observe.")],
    seats: Annotated[int, typer.Option(min=0, help="How many seats.")],
    ends: Annotated[datetime, typer.Option(formats=DAYS, help="The day on which it ends (UTC).")],
    starts: Starts = None,
    grace_days: GraceDays = None,
    overage: Overage = None,
    shrink: Shrink = None,
    as_json: AsJson = False,
) -> None:
    """Enter a purchase; it starts now unless --starts names a day. Who waits is seated at once."""
    term = {
        "product": product,
        "seats": seats,
        "starts_at": (starts or datetime.now(UTC)).replace(tzinfo=UTC).isoformat(),
        "ends_at": ends.replace(tzinfo=UTC).isoformat(),
    } | given(grace_days=grace_days, overage=overage, shrink=shrink)
    with open_session(outside(ctx)) as session:
        answer = session.entitlements.create_term({**term, "org_id": session.org_id(org)})
    report(answer, as_json=as_json)


@app.command("change")
def change_term(
    ctx: typer.Context,
    term_id: Annotated[str, typer.Argument(metavar="ID", help="The term's id.")],
    seats: Seats = None,
    starts: Starts = None,
    ends: Ends = None,
    grace_days: GraceDays = None,
    overage: Overage = None,
    shrink: Shrink = None,
    as_json: AsJson = False,
) -> None:
    """Change a term that is not over."""
    change = given(
        seats=seats,
        starts_at=starts.replace(tzinfo=UTC).isoformat() if starts else None,
        ends_at=ends.replace(tzinfo=UTC).isoformat() if ends else None,
        grace_days=grace_days,
        overage=overage,
        shrink=shrink,
    )
    if not change:
        raise Failure("Say what is to be different: --seats, --starts, --ends, --grace-days, --overage or --shrink.")
    with open_session(outside(ctx)) as session:
        answer = session.entitlements.change_term(term_id, change)
    report(answer, as_json=as_json)


@app.command("end")
def end_term(
    ctx: typer.Context,
    term_id: Annotated[str, typer.Argument(metavar="ID", help="The term's id.")],
    as_json: AsJson = False,
) -> None:
    """End a term now. With an organization's last one its own pool ends."""
    with open_session(outside(ctx)) as session:
        answer = session.entitlements.end_term(term_id)
    report(answer, as_json=as_json)


@app.command("excess")
def show_excess(
    ctx: typer.Context,
    org: Annotated[str, typer.Option(help="The organization of an over-allocated pool.")],
    product: Product,
    release: Annotated[str | None, typer.Option(help="Take the seats: last_assigned or least_recently_active.")] = None,
    note: Annotated[str | None, typer.Option(help="Why, for --release.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who would give up a seat that is held beyond the license under each policy; --release does it."""
    if release and not note:
        raise Failure("Say why: --note.")
    with open_session(outside(ctx)) as session:
        pool = session.entitlements.pool(session.org_id(org) or "", product)
        answer = session.entitlements.excess(pool["id"])
        if release and note:
            answer = session.entitlements.release_excess(pool["id"], release, answer["seats"], note)
    if as_json:
        print_json(answer)
    elif release:
        show(f"{len(answer['user_ids'])} people wait now instead of holding a seat.")
    else:
        for policy, holders in answer["under"].items():
            show(
                table(f"{policy}: {answer['seats']} seats beyond the license", HOLDER_COLUMNS, map(holder_row, holders))
            )


def holder_row(holder: Json) -> Sequence[Any]:
    return (
        holder["user_id"],
        holder["org_id"],
        moment(holder["assigned_since"]),
        moment(holder["last_login_at"]),
    )


def given(**values: Any) -> Json:
    """The values that were given."""
    return {name: value for name, value in values.items() if value is not None}


def report(term: Json, *, as_json: bool) -> None:
    if as_json:
        print_json(term)
    else:
        show(table(None, COLUMNS, [term_row(term)]))


def term_row(term: Json) -> Sequence[Any]:
    return (
        term["product"],
        term["seats"],
        day(term["starts_at"]),
        day(term["ends_at"]),
        term["grace_days"],
        term["overage"],
        term["state"],
        term["org_id"],
        term["id"],
    )
