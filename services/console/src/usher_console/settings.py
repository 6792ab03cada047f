"""The console's settings: where the services are, and the secret it shares with identity."""

from pydantic import Field

from usher_kit.settings import ServiceSettings

SESSION_SECONDS = 12 * 3600
"""A session ends with the working day, however busy it was."""

SIGN_IN_SECONDS = 1800
"""How long signing in may take."""


class ConsoleSettings(ServiceSettings):
    postgres_url: str = "postgresql://127.0.0.1"
    """Never connected to: the console has no database."""
    entitlements_url: str = "http://127.0.0.1:8002"
    usage_url: str = "http://127.0.0.1:8003"
    reporting_url: str = "http://127.0.0.1:8005"
    console_url: str = "http://127.0.0.1:8000"
    """The console's address as browsers see it; identity sends people back to it."""
    console_client_secret: str = Field(min_length=16)
    """The console's secret at identity, as a client of it."""
    session_secret: str = Field(min_length=16)
    """Signs session cookies and encrypts sessions; changing it ends every session."""

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the console by HTTPS, so that its cookies may insist on it."""
        return self.console_url.startswith("https://")
