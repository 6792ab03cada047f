"""The district that people come to: schools and license terms with room for all, known to every service."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.bench.ground import Ground
from tests.bench.running import refuse_ended, running, services

from usher_cli.clients.session import Outside, Session, open_session
from usher_cli.environment import Environment
from usher_cli.servers.programs import Program

SCHOOLS = 20
PRODUCTS = ("learn", "observe")
ALL_ROLES = dict.fromkeys(("identity", "entitlements", "usage", "notifications", "reporting"), "all")
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.02

UNITS = "select count(*) from organization where parent_id is not null"


@dataclass(frozen=True, slots=True)
class District:
    """A tenant with schools below it."""

    id: UUID
    schools: tuple[UUID, ...]


@contextmanager
def session(ground: Ground) -> Iterator[Session]:
    """Clients of the services on this ground, as a system administrator."""
    with open_session(Outside(Environment(ground.environment))) as opened:
        yield opened


async def found(ground: Ground, seats: int, *, by_school: bool = False) -> District:
    """Make a district through the services' own APIs, and end them.

    It, or each of its schools, has a pool of so many seats of each product. The databases then hold what every service
    knows of it, and nobody uses them.
    """
    with running(services(ground, ALL_ROLES)), session(ground) as administrator:
        tenant = administrator.identity.create_organization({"name": "Elm District", "kind": "district"})
        schools = [
            administrator.identity.create_organization(
                {"name": f"School {number}", "kind": "school", "parent_id": tenant["id"]}
            )
            for number in range(SCHOOLS)
        ]
        district = District(UUID(tenant["id"]), tuple(UUID(school["id"]) for school in schools))
        licensed = district.schools if by_school else [district.id]
        for org_id in licensed:
            await license_products(ground, administrator, org_id, seats)
        for service in ("usage", "notifications", "reporting"):
            await reach(ground, service, UNITS, SCHOOLS)
        await reach(ground, "reporting", "select count(*) from pool", len(licensed) * len(PRODUCTS))
        for service in ("identity", "entitlements", "usage", "notifications"):
            await reach(ground, service, "select count(*) from outbox", 0)
    return district


async def license_products(ground: Ground, administrator: Session, org_id: UUID, seats: int) -> None:
    """A term of each product, once entitlements knows the organization; it runs for a year, and so tells no notice."""
    await reach(ground, "entitlements", f"select count(*) from organization where id = '{org_id}'", 1)
    now = datetime.now(UTC)
    for product in PRODUCTS:
        administrator.entitlements.create_term(
            {
                "org_id": str(org_id),
                "product": product,
                "seats": seats,
                "starts_at": (now - timedelta(days=1)).isoformat(),
                "ends_at": (now + timedelta(days=365)).isoformat(),
            }
        )


async def reach(
    ground: Ground,
    service: str,
    query: str,
    wanted: int,
    *,
    patience: float = PATIENCE_SECONDS,
    need: Sequence[Program] = (),
) -> float:
    """Wait until a count is as wanted. Returns when that was seen (perf_counter).

    Fails after `patience` seconds, and when one of the programs that it needs has ended.
    """
    async with ground.connection(service) as connection:
        deadline = time.perf_counter() + patience
        while (count := int(await connection.fetchval(query))) != wanted:
            assert time.perf_counter() < deadline, f"{service}: {query}: {count}, not {wanted} after {patience:.0f} s"
            refuse_ended(need)
            await asyncio.sleep(PAUSE_SECONDS)
        return time.perf_counter()
