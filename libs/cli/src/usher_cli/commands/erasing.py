"""`usher users erase`: a person's data removed for good, shown before it is done and followed until it is."""

import time
from typing import Annotated

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.commands.previews import show_people, show_seats
from usher_cli.failure import Failure
from usher_cli.options import AsJson, User
from usher_cli.output import STDERR, moment, print_json

PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.3


def erase(
    ctx: typer.Context,
    user: User,
    yes: Annotated[bool, typer.Option("--yes", help="Do it: without, what would be done is merely shown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase an archived person for good: names, addresses, accounts. Their id stays, with the history of seats."""
    with open_session(outside(ctx)) as session:
        person = session.identity.find_user(user)
        answer = session.identity.erase(person["id"], dry_run=not yes)
        if not yes:
            preview(session, person, answer, as_json=as_json)
            return
        told = follow(session, person["id"])
    if as_json:
        print_json(told)
    else:
        STDERR.print(f"Erased: {person['id']} is a tombstone since {moment(told['asked_at'])} UTC.")


def preview(session: Session, person: Json, answer: Json, *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    show_people(answer["people"])
    show_seats(session, answer["people"])
    STDERR.print(
        f"Nothing is done yet. To erase {person['display_name']} for good: usher users erase {person['id']} --yes"
    )


def follow(session: Session, user_id: str) -> Json:
    """The erasure once it is done. Raises Failure where it takes longer than a command waits."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (told := session.identity.erasure(user_id))["done_at"] is None:
        if time.monotonic() > deadline:
            raise Failure(
                f"They are erased, but what names them elsewhere is not all gone yet; it is due by {told['due_at']}. "
                "`usher doctor` tells when it is late."
            )
        time.sleep(PAUSE_SECONDS)
    return told
