"""A OneRoster service, read over REST: identity asks it, by a client that the service's owner has made."""

import os
import sys

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session
from usher_cli.failure import Failure
from usher_cli.upstreams.ways import Asked, Settings

SECRET = "USHER_ONEROSTER_CLIENT_SECRET"  # noqa: S105 (where it is, not what)


class OneRoster:
    """Its secret ends with its entry in identity: nothing is left to undo."""

    hint = "docs/oneroster.md says what is read, and how often. `usher upstream sync NAME` reads now."

    def prepare(self, session: Session) -> None: ...

    def needs(self, asked: Asked) -> Json:
        if asked.url is None or asked.client_id is None:
            raise Failure("Say where the service is, and who asks: --url URL --client-id ID.")
        told = {"url": asked.url, "token_url": asked.token_url, "client_id": asked.client_id}
        given = {name: value for name, value in told.items() if value is not None}
        return {"oneroster": {**given, "client_secret": secret()}}

    def connect(self, _: Session, made: Json) -> Json:
        return made

    def disconnect(self, session: Session, removed: Json) -> None: ...

    def settings(self, answer: Json) -> Settings:
        told = answer["oneroster"]
        return [
            ("is read at", told["url"]),
            ("by the client", told["client_id"]),
            ("with the scope", told["scope"]),
            ("what changed, every", f"{told['every_minutes']} minutes"),
            ("everything, every", f"{told['full_hours']} hours"),
            ("the first time", f"now, or by `usher upstream sync {answer['name']}`"),
        ]


def secret() -> str:
    """The client's secret: of the environment, else asked for, else the first line of the input. Never an argument,
    which other users of the machine could see. Raises Failure where there is none.
    """
    given = os.environ.get(SECRET)
    if given is None:
        at_terminal = sys.stdin.isatty()
        given = typer.prompt("Client secret", hide_input=True, err=True) if at_terminal else sys.stdin.readline()
    if not given.strip():
        raise Failure(f"The client's secret is missing: type it, pipe it in, or set {SECRET}.")
    return given.strip()
