"""The import: a OneRoster set from its first byte to the last seat in reporting."""

import asyncio
import csv
import io
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from tests.bench import district
from tests.bench.figures import Figure
from tests.bench.flow import SEATED
from tests.bench.ground import Ground, fresh
from tests.bench.running import cpu_used, running, services
from tests.bench.sizes import Sizes, tell

from usher_cli.clients.session import Session
from usher_cli.generate.district import Generated, generate_district
from usher_cli.importing import import_set
from usher_cli.servers import Addresses

SOURCE = "bench"
SEED = 1
# What identity holds in the end, by the default rules; a person may hold one seat of each product.
CALLED = """
    select count(*) filter (where roles && array['learner', 'org_admin'])
         + count(*) filter (where roles && array['observer', 'observable', 'org_admin'])
    from person where status = 'active'
"""
ROLES = {"identity": "all", "entitlements": "all"}
PAUSE_SECONDS = 0.05


async def measure_imports(addresses: Addresses, sizes: Sizes, _: frozenset[str]) -> dict[str, Figure]:
    """Import a generated district whose units are known and licensed, so that its people find seats as they come."""
    people = sizes.import_people
    rates = []
    for _run in range(max(1, sizes.runs - 2)):
        async with fresh(addresses) as ground:
            rates.append(await import_once(ground, people))
    what = f"OneRoster import of {people:,} people and twice as many students, first byte to last seat in reporting"
    return {"import_people_per_second": Figure.of(rates, "people/s", f"{what}; beside the workers, no tracing store")}


async def import_once(ground: Ground, people: int) -> float:
    """Returns people a second."""
    ground.folder.mkdir(parents=True)
    made = await asyncio.to_thread(
        generate_district, people, SEED, ground.folder / "set.zip", datetime.now(UTC).date(), zipped=True
    )
    started = services(ground, ROLES)
    with running(started), district.session(ground) as administrator:
        await license_units(ground, administrator, made)
        before, began = cpu_used(started), time.perf_counter()
        ended, seats = await follow(ground, administrator, made)
        used = cpu_used(started)
    cpu = ", ".join(f"{name} {used[name] - before[name]:.1f}" for name in used)
    tell(f"import: {people:,} people, {seats:,} seats in {ended - began:.1f} s; CPU seconds: {cpu}")
    return people / (ended - began)


async def license_units(ground: Ground, administrator: Session, made: Generated) -> None:
    """Import the set's organizations alone, and buy a seat of each product for everybody."""
    await asyncio.to_thread(
        import_set, administrator, organizations_alone(made.path), source=SOURCE, progress=lambda _: None
    )
    root = next(
        one
        for one in administrator.identity.organizations(every=True)["items"]
        if one["parent_id"] is None and any(known["source"] == SOURCE for known in one["external_ids"])
    )
    await district.license_products(ground, administrator, UUID(root["id"]), made.people)
    await district.reach(ground, "reporting", "select count(*) from pool", len(district.PRODUCTS))


async def follow(ground: Ground, administrator: Session, made: Generated) -> tuple[float, int]:
    """Import it all. Returns when the last seat was seen in reporting, and how many seats there are."""
    job = asyncio.create_task(asyncio.to_thread(import_set, administrator, made.path, source=SOURCE))
    async with ground.connection("identity") as identity, ground.connection("reporting") as reporting:
        seen, since = 0, time.perf_counter()
        deadline = since + 60 + made.people / 100
        while True:
            seats = int(await reporting.fetchval(SEATED))
            if seats != seen:
                seen, since = seats, time.perf_counter()
            if job.done() and seen == int(await identity.fetchval(CALLED)):
                job.result()
                return since, seen
            assert time.perf_counter() < deadline, f"{seen:,} seats in reporting, and no more"
            await asyncio.sleep(PAUSE_SECONDS)


def organizations_alone(path: Path) -> Path:
    """The set without its people: its manifest says that every file but that of the organizations is absent."""
    alone = path.with_name("organizations.zip")
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(alone, "w") as part:
        rows = list(csv.reader(io.StringIO(whole.read("manifest.csv").decode())))
        told = io.StringIO()
        csv.writer(told).writerows([name, absent(name, value)] for name, value in rows)
        part.writestr("manifest.csv", told.getvalue())
        part.writestr("orgs.csv", whole.read("orgs.csv"))
    return alone


def absent(name: str, value: str) -> str:
    return "absent" if name.startswith("file.") and name != "file.orgs" else value
