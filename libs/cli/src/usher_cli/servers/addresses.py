"""Where the three servers are, and which of them the environment already names (interfaces: Servers)."""

from collections.abc import Mapping
from dataclasses import dataclass

POSTGRES_URL = "USHER_POSTGRES_URL"
RABBITMQ_URL = "USHER_RABBITMQ_URL"
RABBITMQ_MANAGEMENT_URL = "USHER_RABBITMQ_MANAGEMENT_URL"
REDIS_URL = "USHER_REDIS_URL"


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs with the credentials of an administrator of each server.

    `postgres_url` ends in `/` and names no database; `rabbitmq_url` is the default vhost's. The management URL
    is None where RabbitMQ was given from outside and its management address was not.
    """

    postgres_url: str
    rabbitmq_url: str
    rabbitmq_management_url: str | None
    redis_url: str

    def as_environment(self) -> dict[str, str]:
        """The addresses as the variables that every program of the system reads."""
        named = {
            POSTGRES_URL: self.postgres_url,
            RABBITMQ_URL: self.rabbitmq_url,
            RABBITMQ_MANAGEMENT_URL: self.rabbitmq_management_url,
            REDIS_URL: self.redis_url,
        }
        return {name: url for name, url in named.items() if url is not None}


def given(environment: Mapping[str, str]) -> dict[str, str]:
    """The addresses that `environment` sets, by variable name; an empty value counts as not given."""
    names = (POSTGRES_URL, RABBITMQ_URL, RABBITMQ_MANAGEMENT_URL, REDIS_URL)
    return {name: environment[name] for name in names if environment.get(name)}
