"""A realm of Keycloak: its publisher has an account on RabbitMQ that may write the realm's events and nothing else."""

import re
import secrets
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit
from uuid import UUID

from usher_cli.clients.broker import Publisher
from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session
from usher_cli.failure import Failure
from usher_cli.upstreams.amqp import broker_of, url_of
from usher_cli.upstreams.ways import Asked, Settings
from usher_contracts.keycloak import binding_keys, realm_words
from usher_contracts.topology import upstream_queue


class Keycloak:
    """Raises Failure where the broker's management API is not known, or refuses."""

    hint = "docs/keycloak.md says where to set these. `usher upstream tally NAME` shows what became of its events."

    def prepare(self, session: Session) -> None:
        broker_of(session)

    def needs(self, asked: Asked) -> Json:
        if asked.realm is None:
            raise Failure("Name the realm: --realm NAME, as its address in Keycloak has it.")
        told = {
            "realm": asked.realm,
            "realm_id": asked.realm_id,
            "clients": list(asked.clients),
            "organization_attribute": asked.organization_attribute,
            "exchange": asked.exchange,
        }
        return {"keycloak": {name: value for name, value in told.items() if value is not None}}

    def connect(self, session: Session, made: Json) -> Json:
        password = secrets.token_urlsafe(24)
        user = broker_of(session).admit_publisher(publisher_of(made), password)
        parts = urlsplit(url_of(session, user, password))
        settings = {
            "KK_TO_RMQ_URL": parts.hostname or "",
            "KK_TO_RMQ_PORT": str(parts.port or 5672),
            "KK_TO_RMQ_VHOST": unquote(parts.path.removeprefix("/")) or "/",
            "KK_TO_RMQ_EXCHANGE": made["keycloak"]["exchange"],
            "KK_TO_RMQ_USERNAME": user,
            "KK_TO_RMQ_PASSWORD": password,
            "KK_TO_RMQ_USE_TLS": "true" if parts.scheme == "amqps" else "false",
        }
        return {**made, "environment": settings}

    def disconnect(self, session: Session, removed: Json) -> None:
        broker_of(session).dismiss_publisher(publisher_of(removed))

    def settings(self, answer: Json) -> Settings:
        hidden = {"KK_TO_RMQ_PASSWORD": "KK_TO_RMQ_PASSWORD, shown only now"}
        return [
            *((hidden.get(name, name), value) for name, value in answer["environment"].items()),
            ("event listener", "keycloak-to-rabbitmq, in this realm's event settings"),
            ("admin events", "saved with their representation"),
        ]


def publisher_of(one: Json) -> Publisher:
    told = one["keycloak"]
    words = realm_words(told["realm"], told["realm_id"])
    queue = upstream_queue().name
    keys = [key for word in words for key in binding_keys(word)]
    return Publisher(UUID(one["tenant_id"]), one["name"], told["exchange"], own_keys(words), queue, keys)


def own_keys(words: Sequence[str]) -> str:
    """The pattern of the routing keys that a realm's publisher may write."""
    return rf"^KK\.EVENT\.(ADMIN|CLIENT)\.({'|'.join(map(re.escape, words))})\."
