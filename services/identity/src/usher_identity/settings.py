"""Identity's settings: its clients, how tokens are signed, how long signing in lasts."""

from typing import Annotated

from pydantic import Field, SecretStr

from usher_kit.settings import ServiceSettings


class IdentitySettings(ServiceSettings):
    """Clients come from here at each start; one whose secret is empty does not exist."""

    client_id: str = "cli"
    client_secret: SecretStr = SecretStr("")
    """The command line's: it acts as a system administrator."""
    check_client_secret: SecretStr = SecretStr("")
    """The products': it asks `/v1/check`, and resolves names once."""
    console_client_secret: SecretStr = SecretStr("")
    console_url: str = "http://127.0.0.1:8000"
    key_secret: SecretStr = SecretStr("")
    """Encrypts the signing keys at rest, where it is given."""
    key_days: Annotated[float, Field(gt=0)] = 30
    """How long a key signs; the next one is published as long ahead."""
    access_token_seconds: Annotated[int, Field(ge=60, le=3600)] = 600
    sign_in_hours: Annotated[int, Field(ge=1)] = 12
    """How long a sign-in lasts without being used."""
