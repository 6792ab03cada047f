"""Usage's settings: the secret of the links by which a seat is kept."""

from pydantic import Field, SecretStr

from usher_kit.links import SECRET_CHARACTERS
from usher_kit.settings import ServiceSettings


class UsageSettings(ServiceSettings):
    link_secret: SecretStr = Field(min_length=SECRET_CHARACTERS)
    """Signs the links of mails; the same as notifications', which sends them."""
