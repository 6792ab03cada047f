"""`usher explain`: why a person may, or may not, use a product, and what would change it."""

from collections.abc import Iterator
from typing import Annotated

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.options import AsJson, User
from usher_cli.output import day, moment, print_json, show, table


def explain(
    ctx: typer.Context,
    user: User,
    product: Annotated[str, typer.Argument(help="Such as learn or observe.")],
    as_json: AsJson = False,
) -> None:
    """Explain why a person may, or may not, use a product."""
    with open_session(outside(ctx)) as session:
        person = session.identity.find_user(user)
        answer = session.entitlements.explain(person["id"], product)
    if as_json:
        print_json(answer)
    else:
        print_explanation(person, answer)


def print_explanation(person: Json, answer: Json) -> None:
    """The answer in words, what it rests on, and the least change that would seat the person."""
    may = "may use" if answer["allowed"] else "may not use"
    title = f"{person['display_name']} ({person['user_name']}) {may} {answer['product']}: {answer['code']}"
    show(table(title, ("", ""), [("", answer["words"]), *evidence(answer)]))


def evidence(answer: Json) -> Iterator[tuple[str, str]]:
    """What the answer rests on, line by line, as far as there is something."""
    found = answer["evidence"]
    if found["role"]:
        yield "calling role", found["role"]
    if seat := found["seat"]:
        yield "seat", f"{seat['state']} since {moment(seat['since'])} UTC, because {seat['reason']}"
        yield "wanted since", f"{moment(seat['wanted_since'])} UTC"
    if pool := found["pool"]:
        yield "pool now", f"{pool['assigned']} of {pool['capacity']} assigned, {pool['waitlisted']} wait"
    if then := found["pool_then"]:
        yield "pool then", f"{then['assigned']} of {then['capacity']} assigned, {then['waitlisted']} waited"
    if term := found["term"]:
        yield "license", f"{term['state']}, {day(term['starts_at'])} to {day(term['ends_at'])}"
    if found["actor"]:
        yield "by", found["actor"]
    if found["trace_id"]:
        yield "trace", f"usher trace {found['trace_id']}"
    if change := answer["counterfactual"]:
        yield "what would seat", change["words"]
