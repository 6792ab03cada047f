"""Whoever is deleted stays deleted, and leaves no personal data, whatever comes in which order (messages)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from usher_contracts.entitlements import SeatChanged
from usher_contracts.envelope import Cause, Event, Fact
from usher_contracts.identity import HeldRole, OrganizationChanged, UserChanged, UserProfileChanged, UserStatus
from usher_kit.ids import new_id
from usher_kit.versions import EPOCH_SIZE

from .consumers import APPLIES, Consumer, working

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRETS = ("Lovelace", "ada@springfield", "teacher-17")
KEEPS_PROFILES = ("notifications", "reporting")


def tell(fact: Fact) -> Event[Any]:
    return Event.of(fact, id=new_id(), at=START, cause=Cause())


def user(tenant: UUID, status: UserStatus, version: int) -> Event[Any]:
    roles = (HeldRole(role="learner", since=START),) if status == "active" else ()
    return tell(
        UserChanged(
            tenant_id=tenant,
            id=tenant,
            org_id=tenant,
            status=status,
            status_since=START + timedelta(days=version % EPOCH_SIZE),
            roles=roles,
            version=version,
        )
    )


def profile(tenant: UUID, version: int) -> Event[Any]:
    return tell(
        UserProfileChanged(
            tenant_id=tenant,
            id=tenant,
            org_id=tenant,
            external_id="teacher-17",
            user_name="ada@springfield.example",
            display_name=f"Ada Lovelace {version}",
            email="ada@springfield.example",
            version=version,
        )
    )


def organization(tenant: UUID, version: int, **changes: Any) -> Event[Any]:
    fact = OrganizationChanged(tenant_id=tenant, id=tenant, name=f"Name {version}", kind="district", version=version)
    return tell(fact.model_copy(update=changes))


def seat(tenant: UUID, version: int) -> Event[Any]:
    is_last = version == 2
    return tell(
        SeatChanged(
            tenant_id=tenant,
            user_id=tenant,
            product="learn",
            org_id=tenant,
            state="released" if is_last else "assigned",
            from_state="assigned" if is_last else "none",
            claim="released" if is_last else "assigned",
            reason="user_deleted" if is_last else "role_granted",
            since=START,
            version=version,
            previous_version=version - 1,
        )
    )


def understood(service: str, facts: Sequence[Event[Any]]) -> list[Event[Any]]:
    """Those of these facts that the service listens to."""
    return [fact for fact in facts if type(fact.data) in APPLIES[service]]


async def tell_one_by_one(consumer: Consumer, facts: Sequence[Event[Any]]) -> None:
    for fact in facts:
        await consumer.hear([fact], START)


@pytest.mark.parametrize("service", APPLIES)
async def test_a_deleted_person_is_a_tombstone_in_every_order(service: str, new_database: Callable[[str], str]) -> None:
    async with working(service, new_database) as consumer:
        for order in permutations(range(4)):
            tenant = new_id()
            story = [user(tenant, "active", 1), profile(tenant, 7), user(tenant, "deleted", 2), profile(tenant, 8)]
            facts = understood(service, [organization(tenant, 1), seat(tenant, 1), *(story[place] for place in order)])
            await tell_one_by_one(consumer, facts)
            await tell_one_by_one(consumer, facts[::-1])
            assert await consumer.dead(facts) == []
            assert await consumer.ask("select status || ' ' || version from person", facts) == ["deleted 2"], order
            for secret in SECRETS:
                assert await consumer.rows_with(secret, facts) == [], order


@pytest.mark.parametrize("service", APPLIES)
async def test_a_deleted_persons_facts_in_one_batch_come_to_the_same(
    service: str, new_database: Callable[[str], str]
) -> None:
    async with working(service, new_database) as consumer:
        tenant = new_id()
        story = [user(tenant, "deleted", 2), profile(tenant, 8), user(tenant, "active", 1), organization(tenant, 1)]
        await consumer.hear(understood(service, story), START)
        assert await consumer.ask("select status || ' ' || version from person", story) == ["deleted 2"]
        for secret in SECRETS:
            assert await consumer.rows_with(secret, story) == []


@pytest.mark.parametrize("service", KEEPS_PROFILES)
async def test_who_was_deleted_after_the_backup_has_a_name_again_when_identity_is_restored(
    service: str, new_database: Callable[[str], str]
) -> None:
    async with working(service, new_database) as consumer:
        tenant = new_id()
        facts = [user(tenant, "deleted", 2), profile(tenant, EPOCH_SIZE + 2), user(tenant, "active", EPOCH_SIZE + 2)]
        await tell_one_by_one(consumer, facts)
        await tell_one_by_one(consumer, facts)
        assert len(await consumer.rows_with("Lovelace", facts)) == 1


@pytest.mark.parametrize("service", APPLIES)
async def test_a_deleted_organization_is_a_tombstone(service: str, new_database: Callable[[str], str]) -> None:
    async with working(service, new_database) as consumer:
        for order in permutations(range(3)):
            tenant = new_id()
            story = [
                organization(tenant, 1),
                organization(tenant, 2, status="archived"),
                organization(tenant, 3, status="deleted"),
            ]
            await tell_one_by_one(consumer, [story[place] for place in order])
            assert await consumer.dead(story) == []
            query = "select status || ' ' || version || ' ' || name from organization"
            assert await consumer.ask(query, story) == ["deleted 3 Name 3"], order


@pytest.mark.parametrize("service", APPLIES)
async def test_no_fact_waits_for_what_it_refers_to(service: str, new_database: Callable[[str], str]) -> None:
    """A seat before its person, a person before their organization: each kept as it comes, and the end the same."""
    kept = {"person": "status || ' ' || version", "organization": "name || ' ' || version"}
    if service in ("usage", "notifications", "reporting"):
        kept["seat"] = "state || ' ' || version"
    if service == "reporting":
        kept["claim"] = "state || ' ' || version"
    async with working(service, new_database) as consumer:
        for order in permutations(range(4)):
            tenant = new_id()
            story = [organization(tenant, 1), user(tenant, "active", 1), seat(tenant, 1), seat(tenant, 2)]
            facts = understood(service, [story[place] for place in order])
            await tell_one_by_one(consumer, facts)
            assert await consumer.dead(facts) == []
            found = {
                table: sorted(await consumer.ask(f"select {shown} from {table}", facts))
                for table, shown in kept.items()
            }
            expected = {"person": ["active 1"], "organization": ["Name 1 1"], "seat": ["released 2"]}
            expected["claim"] = ["assigned 1", "released 2"]
            assert found == {table: expected[table] for table in kept}, order
