"""Golden samples read by every consumer: each applies every released version of what it listens to, with its effect."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from usher_contracts.audit import AUDIT_FACTS

from .consumers import APPLIES, SAMPLES, read_sample, working

ORGANIZATION = "select version from organization where id::text = :id"
PERSON = "select version from person where id::text = :id"
SEAT = "select version from seat where user_id::text = :user_id and product = :product"

EFFECTS: Mapping[tuple[str, str], str] = {
    ("entitlements", "identity.organization.changed"): ORGANIZATION,
    ("entitlements", "identity.user.changed"): PERSON,
    ("entitlements", "usage.seat_activity.changed"): """
        select version from seat_activity where user_id::text = :user_id and product = :product
    """,
    ("usage", "identity.organization.changed"): ORGANIZATION,
    ("usage", "identity.calendar.changed"): "select version from calendar where org_id::text = :org_id",
    ("usage", "identity.user.changed"): PERSON,
    ("usage", "identity.user.logged_in"): """
        select 1 from login where user_id::text = :user_id and at = cast(cast(:at as text) as timestamptz)
    """,
    ("usage", "entitlements.seat.changed"): SEAT,
    ("notifications", "identity.organization.changed"): ORGANIZATION,
    ("notifications", "identity.user.changed"): PERSON,
    ("notifications", "identity.user_profile.changed"): "select version from profile where user_id::text = :id",
    (
        "notifications",
        "entitlements.license_term.notice",
    ): "select version from license_notice where subject = :subject",
    ("notifications", "identity.change_set.held"): "select version from change_set where id::text = :id",
    ("notifications", "identity.transfer.changed"): "select version from transfer where id::text = :id",
    ("notifications", "entitlements.license_request.changed"): (
        "select version from license_request where id::text = :id"
    ),
    ("notifications", "reporting.export.ready"): "select 1 from export_file where id::text = :id",
    ("notifications", "entitlements.seat.changed"): SEAT,
    ("notifications", "usage.seat_activity.changed"): """
        select version from seat_activity where user_id::text = :user_id and product = :product
    """,
    ("reporting", "identity.organization.changed"): ORGANIZATION,
    ("reporting", "identity.user.changed"): PERSON,
    ("reporting", "identity.user_profile.changed"): "select version from profile where id::text = :id",
    ("reporting", "entitlements.product.changed"): "select version from product where product = :product",
    ("reporting", "entitlements.license_term.changed"): "select version from license_term where id::text = :id",
    ("reporting", "entitlements.pool.changed"): "select version from pool where id::text = :id",
    ("reporting", "entitlements.seat.changed"): """
        select version from seat join claim using (tenant_id, user_id, product, version)
        where user_id::text = :user_id and product = :product
    """,
    ("reporting", "usage.seat_activity.changed"): """
        select activity_version from seat where user_id::text = :user_id and product = :product
    """,
    ("reporting", "usage.actives.changed"): """
        select version from actives
        where org_id::text = :org_id and period = :period and starts_on = cast(cast(:starts_on as text) as date)
    """,
    **{
        ("reporting", f"{service}.audit.recorded"): "select 1 from audit_entry where event_id = :event_id"
        for service in AUDIT_FACTS
    },
}
"""Where the fact is found afterwards: its version, or 1 where it has none."""

RELEASED = [
    (service, path)
    for service, apply in APPLIES.items()
    for path in sorted(SAMPLES.glob("*.json"))
    if path.stem.rpartition(".v")[0] in {fact.type.rpartition(".v")[0] for fact in apply}
]


def effect_of(service: str, path: Path) -> str:
    return EFFECTS[service, path.stem.removeprefix("usher.").rpartition(".v")[0]]


def test_every_type_that_a_service_applies_has_a_sample_and_an_effect() -> None:
    assert {(service, path.stem.removeprefix("usher.").rpartition(".v")[0]) for service, path in RELEASED} == set(
        EFFECTS
    )
    for service, apply in APPLIES.items():
        assert {fact.type for fact in apply} <= {path.stem for one, path in RELEASED if one == service}


@pytest.mark.parametrize(("service", "path"), RELEASED, ids=lambda one: one if isinstance(one, str) else one.stem)
async def test_a_released_sample_is_applied(service: str, path: Path, new_database: Callable[[str], str]) -> None:
    event = read_sample(path)
    fact: dict[str, Any] = event.data.model_dump(mode="json")
    names = {**fact, "event_id": event.id, "subject": event.subject}
    async with working(service, new_database) as consumer:
        await consumer.hear([event], event.time)
        assert await consumer.dead([event]) == []
        found = await consumer.ask(effect_of(service, path), [event], **names)
    assert found == [fact.get("version", 1)]


@pytest.mark.parametrize("service", APPLIES)
async def test_what_was_news_once_is_ignored_the_second_time(service: str, new_database: Callable[[str], str]) -> None:
    def counted(kind: str) -> float:
        return REGISTRY.get_sample_value(f"usher_facts_{kind}_total", {"service": service}) or 0

    own = [read_sample(path) for one, path in RELEASED if one == service]
    async with working(service, new_database) as consumer:
        for news, ignored in ((len(own), 0), (0, len(own))):
            before = counted("applied"), counted("ignored")
            await consumer.hear(own, max(event.time for event in own))
            assert await consumer.dead(own) == []
            assert (counted("applied") - before[0], counted("ignored") - before[1]) == (news, ignored)
