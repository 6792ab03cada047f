"""`usher licenses request` and what follows it: asking for more seats, listing, changing, withdrawing, answering."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import day, moment, print_json, print_list, show, table

FIGURES = ("#licensed", "#assigned", "#available", "#waiting", "#waiting here", "#suspended", "license", "until")
COLUMNS = ("asked (UTC)", "product", "#seats", *FIGURES[:5], "state", "note", "answer", "organization", "id")

Request = Annotated[str, typer.Argument(metavar="ID", help="The request, as `usher licenses requests` shows it.")]
Note = Annotated[str | None, typer.Option(help="Why: told with the request, and kept; no personal data.")]
Seats = Annotated[int | None, typer.Option(min=1, help="How many more seats.")]


class Verdict(StrEnum):
    """What becomes of a request."""

    GRANTED = "granted"
    DECLINED = "declined"


def request(
    ctx: typer.Context,
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="Such as learn or observe.")],
    org: Annotated[str, typer.Option(help="Who asks: an organization's id, name or external id.")],
    seats: Annotated[int, typer.Option(min=1, help="How many more seats.")],
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Ask system administrators and the account representative for more seats, with the figures shown."""
    with open_session(outside(ctx)) as session:
        wanted = {"org_id": session.org_id(org), "product": product, "seats": seats, "note": note}
        report(session.entitlements.ask_for_seats(wanted), as_json=as_json)


def requests(
    ctx: typer.Context,
    org: Org = None,
    product: Annotated[str | None, typer.Option(help="Such as learn or observe.")] = None,
    state: Annotated[str | None, typer.Option(help="open, granted, declined or withdrawn.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List license requests with the figures of when they were asked, newest first."""
    with open_session(outside(ctx)) as session:
        query = {"org_id": session.org_id(org), "product": product, "state": state, "limit": limit, "cursor": cursor}
        answer = session.entitlements.license_requests(every=every, **query)
    print_list(answer, COLUMNS, request_row, as_json=as_json)


def change_request(
    ctx: typer.Context, request_id: Request, seats: Seats = None, note: Note = None, as_json: AsJson = False
) -> None:
    """Ask for other seats, or with another note, as long as there is no answer."""
    wanted = {name: value for name, value in (("seats", seats), ("note", note)) if value is not None}
    if not wanted:
        raise Failure("Say what is to be different: --seats or --note.")
    with open_session(outside(ctx)) as session:
        report(session.entitlements.change_license_request(request_id, wanted), as_json=as_json)


def withdraw_request(ctx: typer.Context, request_id: Request, as_json: AsJson = False) -> None:
    """Take back a license request that has no answer yet."""
    with open_session(outside(ctx)) as session:
        report(session.entitlements.act_on_license_request(request_id, "withdraw", {}), as_json=as_json)


def answer(
    ctx: typer.Context,
    request_id: Request,
    verdict: Annotated[Verdict, typer.Argument(help="It makes no term: `usher licenses create|change` does.")],
    note: Annotated[str | None, typer.Option(help="Why, to those who asked; needed for a no.")] = None,
    term: Annotated[str | None, typer.Option(help="The id of the term that was bought or changed for it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Grant or decline a license request, as a system administrator; those who asked are told."""
    said = {"verdict": verdict.value, "note": note, "license_term_id": term}
    with open_session(outside(ctx)) as session:
        report(session.entitlements.act_on_license_request(request_id, "answer", said), as_json=as_json)


def report(one: Json, *, as_json: bool) -> None:
    """A request as it is now: the figures, then what is asked and answered."""
    if as_json:
        print_json(one)
        return
    figures = one["figures"]
    row = (*counts(figures), figures["suspended"], figures["license_state"], day(figures["ends_at"]))
    show(table(None, FIGURES, [row]))
    said = [
        ("asks for", f"{one['seats']} more seats of {one['product']}, for {one['org_id']}"),
        ("because", one["note"]),
        ("asked", f"{moment(one['asked_at'])} UTC by {one['asked_by']}"),
        ("state", one["state"]),
        ("answer", one["answer_note"]),
        ("term", one["license_term_id"]),
    ]
    show(table(f"License request {one['id']}", ("", ""), said))


def counts(figures: Json) -> Sequence[Any]:
    names = ("capacity", "assigned", "available", "waitlisted", "waitlisted_here")
    return tuple(figures[name] for name in names)


def request_row(one: Json) -> Sequence[Any]:
    return (
        moment(one["asked_at"]),
        one["product"],
        one["seats"],
        *counts(one["figures"]),
        one["state"],
        one["note"],
        one["answer_note"],
        one["org_id"],
        one["id"],
    )
