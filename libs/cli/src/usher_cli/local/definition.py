"""What the system consists of: the one definition that `usher up` runs and docker-compose.yml is checked against."""

from dataclasses import dataclass

from usher_kit.ports import PORTS

PORT_BASE = 8000
READY_PATH = "/readyz"
MAIL_PROGRAM = ("python", "-m", "usher_cli.local.mail")

SECRETS = (
    "USHER_CLIENT_SECRET",
    "USHER_CHECK_CLIENT_SECRET",
    "USHER_CONSOLE_CLIENT_SECRET",
    "USHER_SESSION_SECRET",
    "USHER_KEY_SECRET",
    "USHER_LINK_SECRET",
    "USHER_AUDIT_SIGNING_KEY",
)
"""Made once for a clone, and kept."""

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Service:
    """One of the services, as it is run locally: API and worker in one process."""

    name: str

    @property
    def has_database(self) -> bool:
        return self.name != "console"

    @property
    def program(self) -> str:
        return f"usher-{self.name}"

    @property
    def command(self) -> tuple[str, ...]:
        return (self.program, "all")

    @property
    def migration(self) -> tuple[str, ...]:
        """What brings its database up to date before it starts; empty for who has none."""
        return (self.program, "migrate") if self.has_database else ()

    @property
    def url_variable(self) -> str:
        return f"USHER_{self.name.upper()}_URL"

    def port(self, base: int = PORT_BASE) -> int:
        """Its port, where those of all services begin at `base`."""
        return base + PORTS[self.name] - PORT_BASE


SERVICES = tuple(map(Service, PORTS))
