"""Usage's settings: the secret of the links by which a seat is kept, and how long logins are."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr

from usher_kit.links import SECRET_CHARACTERS
from usher_kit.settings import ServiceSettings


class UsageSettings(ServiceSettings):
    link_secret: SecretStr = Field(min_length=SECRET_CHARACTERS)
    """Signs the links of mails; the same as notifications', which sends them."""
    login_days: Annotated[int, Field(ge=1, le=3_660)] = 400
    """Days that a login is kept; figures of how many came are kept for ever."""

    @property
    def logins_kept(self) -> timedelta:
        return timedelta(days=self.login_days)
