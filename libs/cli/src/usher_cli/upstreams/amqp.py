"""An upstream that publishes commands: it has an account on RabbitMQ, which may do nothing else."""

import secrets
from urllib.parse import urlsplit
from uuid import UUID

from usher_cli.clients.broker import URL, Broker
from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session
from usher_cli.failure import Failure
from usher_cli.upstreams.ways import Asked, Settings


class Amqp:
    """Raises Failure where the broker's management API is not known, or refuses."""

    hint = "docs/upstream.md has the commands, and a sender in ten lines."

    def prepare(self, session: Session) -> None:
        broker_of(session)

    def needs(self, _: Asked) -> Json:
        return {}

    def connect(self, session: Session, made: Json) -> Json:
        password = secrets.token_urlsafe(24)
        user = broker_of(session).admit(UUID(made["tenant_id"]), made["name"], password)
        return {**made, "url": url_of(session, user, password)}

    def disconnect(self, session: Session, removed: Json) -> None:
        broker_of(session).dismiss(UUID(removed["tenant_id"]), removed["name"])

    def settings(self, answer: Json) -> Settings:
        return [
            ("URL, shown only now", answer["url"]),
            ("exchange", answer["exchange"]),
            ("routing keys", answer["routing_keys"]),
            ("such as", answer["routing_keys"].replace("#", "user.upsert.v1")),
            ("outcomes", answer["outcome_queue"]),
        ]


def broker_of(session: Session) -> Broker:
    """Raises Failure where it is not known."""
    broker = Broker.of(session.environment, session.http)
    if broker is None:
        raise Failure(f"Set {URL} to RabbitMQ's management API, with an administrator's name and password.")
    return broker


def url_of(session: Session, user: str, password: str) -> str:
    """Where the upstream connects, as this machine knows it."""
    parts = urlsplit(session.environment.get("USHER_RABBITMQ_URL") or "amqp://127.0.0.1/")
    return parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()
