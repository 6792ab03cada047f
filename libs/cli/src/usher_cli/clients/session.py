"""One call of the command: its environment, its credentials, and a client for each service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import httpx2
import typer

from usher_cli.clients.calls import TIMEOUT_SECONDS, ServiceClient
from usher_cli.clients.credentials import Credentials
from usher_cli.clients.entitlements import Entitlements
from usher_cli.clients.identity import Identity
from usher_cli.clients.reporting import Reporting
from usher_cli.environment import Environment, find_environment


@dataclass(frozen=True)
class Session:
    """Calls any service with the same credentials."""

    environment: Environment
    http: httpx2.Client

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(self.environment, self.http)

    @cached_property
    def identity(self) -> Identity:
        return Identity(self.service("identity"))

    @cached_property
    def entitlements(self) -> Entitlements:
        return Entitlements(self.service("entitlements"))

    @cached_property
    def reporting(self) -> Reporting:
        return Reporting(self.service("reporting"))

    def org_id(self, organization: str | None) -> str | None:
        """The id of the organization that a name stands for; none for none."""
        return str(self.identity.find_organization(organization)["id"]) if organization else None

    def service(self, name: str) -> ServiceClient:
        """A client of any service by its name."""
        return ServiceClient(name, self.environment.url(name), self.http, self.credentials.token)


@dataclass(frozen=True)
class Outside:
    """What a command finds around it; tests put their own in its place. No transport is the network."""

    environment: Environment
    transport: httpx2.BaseTransport | None = None


def outside(ctx: typer.Context) -> Outside:
    """What surrounds the command of `ctx`."""
    return ctx.find_object(Outside) or Outside(find_environment())


@contextmanager
def open_session(around: Outside) -> Iterator[Session]:
    """A session for the time of a block."""
    with httpx2.Client(timeout=TIMEOUT_SECONDS, transport=around.transport) as http:
        yield Session(around.environment, http)
