"""The rules through every operation and time step, against the plain model, on a real database."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from usher_kit.database import Database

from .machine import LicenseMachine

EXAMPLES = os.environ.get("USHER_MODEL_EXAMPLES")
"""How many tenants live through 25 steps each: other ones each time. Unset, the same few (docs: testing)."""


@pytest.mark.timeout(600 + int(EXAMPLES or 0) * 10)
class TestTheServiceDoesWhatTheRulesSay(LicenseMachine.TestCase):  # type: ignore[valid-type,misc]
    """`--hypothesis-show-statistics` shows what came to pass."""

    settings = settings(
        max_examples=int(EXAMPLES or 30),
        stateful_step_count=25,
        derandomize=EXAMPLES is None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    @pytest.fixture(autouse=True)
    def on_a_database(self, service_database: str) -> Iterator[None]:
        with asyncio.Runner() as runner:
            LicenseMachine.runner = runner
            LicenseMachine.database = Database.connect(service_database, "entitlements", connections=2)
            yield
            runner.run(LicenseMachine.database.close())
