"""An upstream that speaks SCIM 2.0: it needs an address and a token, and nothing at the broker."""

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session
from usher_cli.upstreams.ways import Asked, Settings


class Scim:
    """Its token ends with its entry in identity: nothing is left to undo."""

    hint = "docs/scim.md goes through Entra ID and Okta. `usher upstream token NAME` makes the next token."

    def prepare(self, session: Session) -> None: ...

    def needs(self, _: Asked, /) -> Json:
        return {}

    def connect(self, session: Session, made: Json) -> Json:
        return {**made, **issue(session, made, grace_hours=0)}

    def disconnect(self, session: Session, removed: Json) -> None: ...

    def settings(self, answer: Json) -> Settings:
        return [("SCIM base URL", answer["url"]), ("token, shown only now", answer["token"])]


def issue(session: Session, upstream: Json, *, grace_hours: int) -> Json:
    """A new token of the upstream; those of before end after the grace."""
    path = f"/v1/upstreams/{upstream['id']}/tokens"
    made = session.identity.calls.post(path, {"grace_hours": grace_hours})
    return {name: made[name] for name in ("url", "token", "former_until")}
