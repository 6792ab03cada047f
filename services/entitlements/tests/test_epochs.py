"""After a restore: what entitlements decides outranks all that was told before (messages: The state-carrying rule)."""

from typing import Any

import pytest
from httpx import AsyncClient

from usher_entitlements.domain.grants import GrantRule
from usher_kit.migrations import raise_epoch
from usher_kit.versions import EPOCH_SIZE

from .story import ELSEWHERE, SOUTH, Entitlements, organization, person, term

KEYS = {
    "seat.changed": ("user_id", "product"),
    "pool.changed": ("id",),
    "license_term.changed": ("id",),
    "grant_rule.changed": ("id",),
}


def of(epoch: int, count: int) -> int:
    return epoch * EPOCH_SIZE + count


async def chains(entitlements: Entitlements, what: str) -> list[list[dict[str, Any]]]:
    """What was told of each entity of a kind, in order, each leading on from the one before."""
    by_entity: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for fact in await entitlements.told(what):
        by_entity.setdefault(tuple(fact[name] for name in KEYS[what]), []).append(fact)
    for told in by_entity.values():
        assert [fact["previous_version"] for fact in told] == [0, *(fact["version"] for fact in told[:-1])]
        assert [fact["version"] % EPOCH_SIZE for fact in told] == list(range(1, len(told) + 1)), "no gap in the count"
    return list(by_entity.values())


async def test_every_kind_of_version_goes_on_in_the_new_epoch(
    entitlements: Entitlements, service_database: str
) -> None:
    bought = await entitlements.buy(term(1, ends=100, grace=10))
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    before = {what: len(await entitlements.told(what)) for what in KEYS}
    await raise_epoch(service_database)

    await entitlements.hear(person(3, "learner", on=2), person(1, version=2), organization(ELSEWHERE))
    await entitlements.change(bought, seats=2)
    await entitlements.set_rules(GrantRule("learner", "learn", 1), GrantRule("reporter", "learn"))
    # Several passages of time in one transaction, and several versions of one seat in one decision.
    own = await entitlements.buy(term(1, org=SOUTH))
    await entitlements.hear(person(2, "learner", org=SOUTH, on=1, version=2))
    await entitlements.move_to(120)

    for what in KEYS:
        told = await chains(entitlements, what)
        facts = await entitlements.told(what)
        assert {fact["version"] // EPOCH_SIZE for fact in facts[: before[what]]} <= {0}
        assert {fact["version"] // EPOCH_SIZE for fact in facts[before[what] :]} == {1}, what
        if what in ("seat.changed", "pool.changed", "license_term.changed"):
            assert any({fact["version"] // EPOCH_SIZE for fact in chain} == {0, 1} for chain in told), what
    moved = [chain for chain in await chains(entitlements, "seat.changed") if chain[0]["user_id"].endswith("3ea")]
    assert [fact["claim"] for fact in moved[0]][-2:] == ["released", "assigned"]
    assert own.version // EPOCH_SIZE == 1
    for table in ("seat", "pool", "license_term", "grant_rule"):
        assert await entitlements.rows(f"select * from {table} where version < :new", new=of(1, 0)) == [], table


async def test_what_begins_after_a_restore_begins_in_its_epoch(
    entitlements: Entitlements, client: AsyncClient, system: dict[str, str], service_database: str
) -> None:
    await raise_epoch(service_database, above=4)
    await entitlements.buy(term(1))
    await entitlements.hear(person(1, "learner"))
    added = await client.post("/v1/products", headers=system, json={"product": "coach", "name": "Coach"})
    assert added.json()["version"] == of(5, 1)
    for what in ("seat.changed", "pool.changed", "license_term.changed"):
        [told, *_] = await entitlements.told(what)
        assert (told["version"], told["previous_version"]) == (of(5, 1), 0), what


@pytest.mark.usefixtures("people")
async def test_the_doctor_finds_nothing_amiss_after_it(
    entitlements: Entitlements, client: AsyncClient, system: dict[str, str], service_database: str
) -> None:
    await raise_epoch(service_database)
    await entitlements.hear(person(9, "learner", on=3))
    findings = (await client.get("/v1/doctor", headers=system)).json()["findings"]
    assert [(one["code"], one["offenders"]) for one in findings] == [(f"I{number}", []) for number in (1, 2, 3, 4)]
