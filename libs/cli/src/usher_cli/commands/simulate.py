"""`usher simulate`: who would gain, await, keep or lose a seat, before anything is changed."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.commands.licenses import DAYS
from usher_cli.failure import Failure
from usher_cli.options import AsJson
from usher_cli.output import STDERR, print_json, show, table

OUTCOMES = ("gains", "keeps", "loses", "waits", "none")
PEOPLE_COLUMNS = ("outcome", "product", "before", "after", "#position", "why", "person")
POOL_COLUMNS = ("product", "organization", "state", "#capacity", "#assigned", "#waiting", "#suspended")


def simulate(
    ctx: typer.Context,
    org: Annotated[str, typer.Option("--org", help="Of which organization: its id, external id or name.")],
    file: Annotated[
        Path | None, typer.Argument(help="What is supposed, as JSON: people, terms, grant_rules, until (docs: guide).")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Suppose of this person …")] = None,
    roles: Annotated[str | None, typer.Option(help="… these roles, by commas.")] = None,
    status: Annotated[str | None, typer.Option(help="… this status.")] = None,
    to: Annotated[str | None, typer.Option(help="… this organization.")] = None,
    term: Annotated[str | None, typer.Option(help="Suppose of this license term …")] = None,
    seats: Annotated[int | None, typer.Option(min=0, help="… so many seats.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAYS, help="Let time pass until then (UTC).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what changes would do to seats, by the rules that decide in earnest; nothing is changed."""
    with open_session(outside(ctx)) as session:
        supposed = {**read(file), "org_id": session.org_id(org)}
        if user:
            supposed["people"] = [*supposed.get("people", []), suppose_person(session, user, roles, status, to)]
        if term:
            supposed["terms"] = [*supposed.get("terms", []), {"id": term, "seats": seats}]
        if until:
            supposed["until"] = until.replace(tzinfo=UTC).isoformat()
        answer = session.entitlements.simulate(supposed)
    if as_json:
        print_json(answer)
    else:
        show_outcome(answer)


def read(file: Path | None) -> Json:
    """What a file supposes. Raises Failure for one that can't be read as an object of JSON."""
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise Failure(f"{file} can't be read as JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Failure(f"{file} holds no JSON object with people, terms, grant_rules or until.")
    return found


def suppose_person(session: Session, user: str, roles: str | None, status: str | None, to: str | None) -> Json:
    """A person as they would be; what is not said stays as it is."""
    wanted: Json = {"user_id": session.identity.find_user(user)["id"]}
    if roles is not None:
        wanted["roles"] = [role.strip() for role in roles.split(",") if role.strip()]
    if status is not None:
        wanted["status"] = status
    if to is not None:
        wanted["org_id"] = session.org_id(to)
    return wanted


def show_outcome(answer: Json) -> None:
    """How many people, then which pools, then who."""
    totals = answer["totals"]
    if not totals and not answer["pools"]:
        STDERR.print("No seat would change.", style="dim")
        return
    columns = ("product", *(f"#{outcome}" for outcome in OUTCOMES))
    show(table("People", columns, [(product, *map(found.get, OUTCOMES)) for product, found in totals.items()]))
    show(table("Pools, before and after", POOL_COLUMNS, map(pool_row, answer["pools"])))
    show(table("Seats", PEOPLE_COLUMNS, map(person_row, answer["people"])))


def pool_row(pool: Json) -> Sequence[Any]:
    was, now = pool["before"] or {}, pool["after"]
    figures = ("license_state", "capacity", "assigned", "waitlisted", "suspended")
    return (pool["product"], pool["org_id"], *(changed(was.get(name), now[name]) for name in figures))


def changed(was: Any, now: Any) -> str:
    return str(now) if was == now else f"{'new' if was is None else was} → {now}"


def person_row(seat: Json) -> Sequence[Any]:
    return (
        seat["outcome"],
        seat["product"],
        seat["before"],
        seat["after"],
        seat["position"],
        seat["reason"],
        seat["user_id"],
    )
