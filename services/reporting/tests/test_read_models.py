"""Facts in any order, any number of times, by any number of workers: the read models come out the same."""

import asyncio
import hashlib
import random
from collections.abc import Iterator, Sequence
from typing import Any, get_args
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from usher_contracts.catalogue import LISTENERS
from usher_contracts.entitlements import SeatState
from usher_contracts.envelope import Event
from usher_contracts.usage import Activity
from usher_kit.ids import new_id
from usher_reporting.consumers import apply_by
from usher_reporting.tables import METADATA

from .story import (
    ANN,
    DISTRICT,
    NORTH,
    SETTINGS,
    SOUTH,
    Reporting,
    activity,
    day,
    organization,
    person,
    pool,
    profile,
    seat,
    term,
    tree,
)

READ_MODELS = {
    "organization": "select id, name, parent_id, version from organization order by id",
    "person": "select id, org_id, version from person order by id",
    "profile": "select id, display_name, version from profile order by id",
    "pool": "select org_id, product, capacity, version from pool order by org_id, product",
    "term": "select org_id, product, state, version from license_term order by id",
    "seat": """
        select user_id, product, state, org_id, counts_at, version, activity, activity_version
        from seat order by user_id, product
    """,
    "claim": "select user_id, product, version, state, kind, org_id from claim order by user_id, product, version",
    "headcount": """
        select org_id, product, assigned, waitlisted, suspended, active, inactive, never_used, unknown from headcount
        where (assigned, waitlisted, suspended) <> (0, 0, 0) order by org_id, product
    """,
}


async def read_models(reporting: Reporting, tenant: UUID) -> dict[str, list[Any]]:
    return {name: await reporting.rows(query, [tenant]) for name, query in READ_MODELS.items()}


def history(rng: random.Random, tenant: UUID, people: Sequence[UUID], orgs: Sequence[UUID]) -> list[Event[Any]]:
    """Everything that happens to some people of a district, in the order in which it does."""
    events: list[Event[Any]] = [organization(tenant, None, tenant=tenant)]
    events += [organization(org, tenant, tenant=tenant) for org in orgs]
    license_term = new_id()
    for version in (1, 2, 3):
        events.append(organization(orgs[0], rng.choice([tenant, orgs[1]]), tenant=tenant, version=version + 1))
        events.append(pool(tenant, 10 * version, tenant=tenant, version=version))
        events.append(term(tenant, tenant=tenant, version=version, id_=license_term))
    for user in people:
        for version in range(1, rng.randint(1, 4)):
            events.append(person(user, rng.choice(orgs), tenant=tenant, version=version))
            events.append(profile(user, f"Name {version}", tenant=tenant, version=version))
        for name in ("learn", "observe", "coach"):
            events += life_of(rng, tenant, user, name, orgs)
    return events


def life_of(rng: random.Random, tenant: UUID, user: UUID, product: str, orgs: Sequence[UUID]) -> Iterator[Event[Any]]:
    """A seat's versions, each coming from the state before it, and how it was used meanwhile."""
    state: SeatState = "none"
    for version in range(1, rng.randint(1, 6)):
        before, state = state, rng.choice(["assigned", "waitlisted", "suspended", "released", "withheld"])
        yield seat(user, state, product=product, org=rng.choice(orgs), came_from=before, tenant=tenant, version=version)
        yield activity(user, rng.choice(get_args(Activity)), product=product, tenant=tenant, version=version)


@settings(
    max_examples=settings().max_examples // 8,
    deadline=None,
    phases=[Phase.generate],  # a history of another seed is no smaller one
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.randoms(use_true_random=False))
async def test_any_order_and_number_of_facts_ends_in_the_same_read_models(
    reporting: Reporting, rng: random.Random
) -> None:
    tenant, *ids = (new_id() for _ in range(7))
    events = history(rng, tenant, ids[:4], ids[4:])
    await reporting.hear(*events)
    in_order = await read_models(reporting, tenant)
    await forget(reporting, tenant)
    shuffled = [*events, *rng.choices(events, k=10)]
    rng.shuffle(shuffled)
    while shuffled:
        cut = rng.randint(1, 30)
        await reporting.hear(*shuffled[:cut])
        shuffled = shuffled[cut:]
    assert await read_models(reporting, tenant) == in_order
    found = await reporting.examine(tenant)
    assert (found["claims_missing"], found["headcount_wrong"]) == (0, 0)
    assert found["entered"] - found["left"] == found["held"]


async def forget(reporting: Reporting, tenant: UUID) -> None:
    """Empty the read models. The audit log is a record, and stays."""
    async with reporting.database.transaction([tenant]) as conn:
        for table in METADATA.tables.values():
            if "tenant_id" in table.columns and not table.name.startswith("audit_"):
                await conn.execute(table.delete())


async def test_two_workers_with_the_same_people_count_each_of_them_once(reporting: Reporting) -> None:
    rng = random.Random(7)
    events = history(rng, DISTRICT, [UUID(int=100 + n) for n in range(40)], [NORTH, SOUTH])

    async def work(seed: int) -> None:
        own = [*events]
        random.Random(seed).shuffle(own)
        for start in range(0, len(own), 25):
            await reporting.hear(*own[start : start + 25])

    await asyncio.gather(work(1), work(2), work(3))
    found = await reporting.examine()
    assert found["held"] > 0
    assert (found["claims_missing"], found["headcount_wrong"]) == (0, 0)
    assert found["entered"] - found["left"] == found["held"]


async def test_a_batch_of_several_tenants_counts_each_in_its_own(reporting: Reporting) -> None:
    other = new_id()
    await reporting.hear(
        *tree(), seat(ANN), seat(ANN, org=other, tenant=other), organization(other, None, tenant=other)
    )
    assert (await reporting.examine())["held"] == (await reporting.examine(other))["held"] == 1


async def test_the_doctor_finds_what_is_missing_or_miscounted(reporting: Reporting) -> None:
    await reporting.hear(*tree(), pool(assigned=2), seat(ANN))
    await reporting.hear(seat(ANN, "released", came_from="assigned", version=3))
    found = await reporting.examine()
    assert found["seats"] == {"released": 1}
    assert (found["claims"], found["claims_missing"], found["pools_wrong"]) == (2, 1, 1)
    async with reporting.database.transaction([DISTRICT]) as conn:
        await conn.exec_driver_sql("update headcount set assigned = assigned + 1")
    assert (await reporting.examine())["headcount_wrong"] == 1
    await reporting.hear(seat(ANN, came_from="assigned", claim="moved", version=2), pool(version=2))
    found = await reporting.examine()
    assert (found["claims_missing"], found["pools_wrong"], found["entered"], found["left"]) == (0, 0, 1, 1)


async def test_the_checksum_is_of_person_product_state_and_version(reporting: Reporting) -> None:
    await reporting.hear(*tree(), activity(ANN, product="observe"))
    assert (await reporting.examine())["checksum"] == "0"
    await reporting.hear(seat(ANN), seat(ANN, "waitlisted", product="observe", at=day(1)))
    told = [f"{ANN}learnassigned1", f"{ANN}observewaitlisted1"]
    expected = sum(int(hashlib.md5(one.encode()).hexdigest()[:15], 16) for one in told)
    assert (await reporting.examine())["checksum"] == str(expected)


async def test_what_is_listened_to_is_what_is_applied() -> None:
    assert list(apply_by(SETTINGS)) == list(LISTENERS["reporting"])
