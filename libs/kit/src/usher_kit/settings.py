"""Settings that every service reads from its environment; names are in interfaces: Servers, Processes and ports."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from usher_kit.outbound.addresses import Allowed


def read_allowed(value: object) -> object:
    """The allowed as the environment says it, or as it is."""
    return Allowed.read(value) if isinstance(value, str) else value


def read_proxies(value: object) -> object:
    """Addresses and networks between commas, each looked at: a name, or `*`, would trust whoever writes a header."""
    if not isinstance(value, str):
        return value
    return tuple(str(ip_network(one.strip())) for one in value.split(",") if one.strip())


class ServiceSettings(BaseSettings):
    """Addresses and limits. A service's own settings extend this one."""

    model_config = SettingsConfigDict(env_prefix="USHER_", extra="ignore", frozen=True)

    environment: Literal["local", "production"] = "local"
    postgres_url: str = ""
    rabbitmq_url: str = ""
    redis_url: str = ""
    identity_url: str = "http://127.0.0.1:8001"
    """Where identity's signing keys are read, and the issuer that tokens must name unless `issuer` says otherwise."""
    issuer: str | None = None
    host: str = "127.0.0.1"
    port: int | None = None
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_proxies)] = ()
    """Networks of the proxies whose X-Forwarded-For and -Proto are believed; without any, nobody's are."""
    clock_file: Path | None = None
    span_store: Path | None = None
    """A local file for spans, so that `usher trace` works without a collector; off when an OTLP endpoint is set."""
    batch_facts: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    """Facts in one transaction of a consumer, at most."""
    prefetch: Annotated[int, Field(ge=1)] = 200
    """Messages (not facts) that the broker hands over before any is acknowledged."""
    database_connections: Annotated[int, Field(ge=2)] = 10
    outbound_allow: Annotated[Allowed, NoDecode, BeforeValidator(read_allowed)] = Allowed()
    """What URLs that users configure may lead to besides the public internet: `host:port` and networks."""

    @model_validator(mode="after")
    def refuse_a_moved_clock_in_production(self) -> Self:
        if self.environment == "production" and self.clock_file is not None:
            msg = "USHER_CLOCK_FILE moves the clock of a demo or test; unset it in production"
            raise ValueError(msg)
        return self

    @property
    def token_issuer(self) -> str:
        return self.issuer or self.identity_url

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the service by HTTPS, so that they may be told to insist on it."""
        return self.token_issuer.startswith("https://")


def database_url(settings: ServiceSettings, service: str) -> str:
    """One service's database: `USHER_<SERVICE>_DATABASE_URL`, else `usher_<service>` on USHER_POSTGRES_URL."""
    if own := os.environ.get(f"USHER_{service.upper()}_DATABASE_URL"):
        return own
    return with_database(settings.postgres_url, f"usher_{service}")


def with_database(url: str, name: str) -> str:
    """`url` with its path replaced by the database `name`."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))
