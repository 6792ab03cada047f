"""Fixtures: entitlements on a database of its own, and its HTTP API with callers known to it."""

from collections.abc import AsyncIterator

import pytest

from usher_kit.clock import FixedClock
from usher_kit.database import Database

from .story import DISTRICT, NORTH, SOUTH, START, Entitlements, organization


@pytest.fixture
async def entitlements(service_database: str) -> AsyncIterator[Entitlements]:
    """The service with a district of two schools."""
    database = Database.connect(service_database, "entitlements", connections=25)
    service = Entitlements(database, FixedClock(START))
    await service.hear(organization(DISTRICT, None), organization(NORTH), organization(SOUTH))
    yield service
    await database.close()
