"""RabbitMQ's management API: queues as they are, and the accounts of upstream systems."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx2

from usher_cli.clients.calls import Json
from usher_cli.environment import Environment
from usher_cli.failure import Failure
from usher_contracts.topology import UPSTREAM, outcome_queue

URL = "USHER_RABBITMQ_MANAGEMENT_URL"


@dataclass(frozen=True, slots=True)
class Publisher:
    """An upstream that publishes events of its own kind, and where they go."""

    tenant_id: UUID
    upstream: str
    exchange: str
    own: str
    """The pattern of its routing keys."""
    queue: str
    keys: Sequence[str]
    """Which of its events are asked for."""


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker's administration at `address`, for one vhost."""

    http: httpx2.Client
    address: str
    vhost: str
    login: tuple[str, str] = field(repr=False)

    @classmethod
    def of(cls, environment: Environment, http: httpx2.Client) -> "Broker | None":
        """By the environment's settings; None where the address is not among them."""
        url = environment.get(URL)
        if url is None:
            return None
        parts = urlsplit(url)
        vhost = urlsplit(environment.get("USHER_RABBITMQ_URL") or "").path.removeprefix("/") or "/"
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        return cls(http, address, quote(vhost, safe=""), (parts.username or "", parts.password or ""))

    def queues(self) -> Sequence[Json]:
        found: list[Json] = self.ask("GET", f"/api/queues/{self.vhost}").json()
        return found

    def admit(self, tenant_id: UUID, upstream: str, password: str) -> str:
        """Make an upstream's account and outcome queue. Answers the account's name.

        It writes commands under its own keys and reads its own outcomes; it configures nothing.
        """
        user, queue = account(tenant_id, upstream), outcome_queue(tenant_id, upstream)
        self.ask("PUT", f"/api/queues/{self.vhost}/{queue.name}", durable=True, arguments=dict(queue.arguments))
        for key in queue.bindings:
            self.ask("POST", f"/api/bindings/{self.vhost}/e/{queue.exchange}/q/{queue.name}", routing_key=key)
        self.ask("PUT", f"/api/users/{user}", password=password, tags="")
        reads = f"^{re.escape(queue.name)}$"
        writes = f"^{re.escape(UPSTREAM)}$"
        self.ask("PUT", f"/api/permissions/{self.vhost}/{user}", configure="^$", write=writes, read=reads)
        own = rf"^{re.escape(f'{tenant_id}.{upstream}.')}"
        self.ask("PUT", f"/api/topic-permissions/{self.vhost}/{user}", exchange=UPSTREAM, write=own, read="^$")
        return user

    def dismiss(self, tenant_id: UUID, upstream: str) -> None:
        """Remove an upstream's account and outcomes; what is gone already is no fault."""
        self.ask("DELETE", f"/api/users/{account(tenant_id, upstream)}", may_miss=True)
        self.ask("DELETE", f"/api/queues/{self.vhost}/{outcome_queue(tenant_id, upstream).name}", may_miss=True)

    def admit_publisher(self, one: Publisher, password: str) -> str:
        """Make the account of a publisher of events, and ask for those that say something. Answers its name.

        It writes under its own keys; it reads and configures nothing.
        """
        user = account(one.tenant_id, one.upstream)
        self.ask("PUT", f"/api/users/{user}", password=password, tags="")
        writes = f"^{re.escape(one.exchange)}$"
        self.ask("PUT", f"/api/permissions/{self.vhost}/{user}", configure="^$", write=writes, read="^$")
        topics = f"/api/topic-permissions/{self.vhost}/{user}"
        self.ask("PUT", topics, exchange=one.exchange, write=one.own, read="^$")
        for key in one.keys:
            self.ask("POST", self.bindings(one), routing_key=key)
        return user

    def dismiss_publisher(self, one: Publisher) -> None:
        """Remove a publisher's account, and ask for its events no more; what is gone already is no fault."""
        self.ask("DELETE", f"/api/users/{account(one.tenant_id, one.upstream)}", may_miss=True)
        for bound in self.ask("GET", self.bindings(one)).json():
            if bound["routing_key"] in one.keys:
                self.ask("DELETE", f"{self.bindings(one)}/{bound['properties_key']}", may_miss=True)

    def bindings(self, one: Publisher) -> str:
        return f"/api/bindings/{self.vhost}/e/{one.exchange}/q/{one.queue}"

    def ask(self, method: str, path: str, *, may_miss: bool = False, **body: Any) -> httpx2.Response:
        """Raises Failure where the broker does not answer, or refuses."""
        try:
            answer = self.http.request(method, f"{self.address}{path}", auth=self.login, json=body or None)
            if not (may_miss and answer.status_code == httpx2.codes.NOT_FOUND):
                answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise Failure(
                f"RabbitMQ's management API does not answer at {self.address} ({type(error).__name__})."
            ) from error
        return answer


def account(tenant_id: UUID, upstream: str) -> str:
    """The name of an upstream's account on the broker."""
    return f"upstream.{tenant_id}.{upstream}"
