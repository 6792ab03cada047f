"""Reporting's settings: how the audit log is signed, what is a risk, and how long and large exports are."""

import json
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from usher_kit.audit_log.checkpoints import Signer
from usher_kit.settings import ServiceSettings


class ReportingSettings(ServiceSettings):
    """Without a key the audit log is chained and not signed; production refuses that."""

    audit_signing_key: SecretStr = SecretStr("")
    """An Ed25519 private key as 64 hexadecimal digits. It is kept nowhere else, least of all in the database."""
    audit_former_keys: str = ""
    """The public keys that signed before, as a JSON list of JWKs, so that older checkpoints can be checked."""
    audit_checkpoint_batches: Annotated[int, Field(ge=1)] = 1
    """Batches of a tenant's log from one checkpoint to the next."""

    risk_usage_percent: Annotated[float, Field(ge=0, le=100)] = 95.0
    """From which usage on an organization is at risk."""
    risk_inactive_percent: Annotated[float, Field(ge=0, le=100)] = 20.0
    """Beyond which share of unused seats it is."""
    risk_days_left: Annotated[int, Field(ge=0, le=3_650)] = 30
    """How long before the end of a license without a successor it is."""

    export_days: Annotated[int, Field(ge=1, le=365)] = 7
    """How long an export's file is kept."""
    export_bytes: Annotated[int, Field(ge=1024)] = 1024**3
    """How large one may become."""
    exports_waiting: Annotated[int, Field(ge=1)] = 10
    """How many of one caller may wait or be under way at once."""

    bi_timeout_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    """How long a query of a BI tool may take."""
    bi_connections: Annotated[int, Field(ge=1, le=1_000)] = 5
    """How many sessions one login of BI may have at once."""

    @property
    def export_kept(self) -> timedelta:
        return timedelta(days=self.export_days)

    def signer(self) -> Signer | None:
        """What signs checkpoints; none where no key is set. Raises ValueError for what is no key."""
        seed = self.audit_signing_key.get_secret_value()
        return Signer(seed, json.loads(self.audit_former_keys or "[]")) if seed else None

    @model_validator(mode="after")
    def check_keys(self) -> Self:
        if self.environment == "production" and not self.audit_signing_key.get_secret_value():
            raise ValueError("set USHER_AUDIT_SIGNING_KEY: without it nobody can tell a rewritten audit log")
        try:
            self.signer()
        except (ValueError, TypeError) as error:
            told = "USHER_AUDIT_SIGNING_KEY is 64 hexadecimal digits, as `openssl rand -hex 32` prints them"
            raise ValueError(f"{told}; USHER_AUDIT_FORMER_KEYS a JSON list of public JWKs ({error})") from None
        return self
