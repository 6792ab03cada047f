"""The audit log is appended to: each act exactly once, one batch a transaction, each tenant's by itself, and signed."""

import asyncio
import random
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from sqlalchemy.exc import DBAPIError

from usher_contracts.audit import AUDIT_FACTS
from usher_contracts.envelope import OPERATORS_TENANT, Event
from usher_kit.audit_log.documents import to_document
from usher_reporting.settings import ReportingSettings

from .audit import download, findings
from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, status_of
from .story import ADA, DISTRICT, ELSEWHERE, LAB, START, Reporting, act, seat

ENTRIES = "select * from audit_entry where tenant_id = :tenant order by position"
BATCHES = "select number, first, last from audit_batch where tenant_id = :tenant order by number"


async def targets(reporting: Reporting, tenant: UUID = DISTRICT) -> list[str]:
    return [row.target for row in await reporting.rows(ENTRIES, tenant=tenant)]


async def test_a_batch_of_acts_of_all_services_is_one_batch_in_the_order_of_arrival(reporting: Reporting) -> None:
    acts = [act(name, fact=fact) for name, fact in AUDIT_FACTS.items()]
    acts.append(act("again", fact=AUDIT_FACTS["identity"]))
    await reporting.hear(*acts[:3], seat(), *acts[3:])
    assert await targets(reporting) == [*AUDIT_FACTS, "again"]
    assert await reporting.rows(BATCHES, tenant=DISTRICT) == [(1, 1, 6)]
    services = [row.service for row in await reporting.rows(ENTRIES, tenant=DISTRICT)]
    assert services == [*AUDIT_FACTS, "identity"]


async def test_an_entry_keeps_the_whole_act_and_what_it_is_found_by(reporting: Reporting) -> None:
    event = act(
        "user-9", org_id=LAB, outcome="refused", reason="forbidden", before={"roles": []}, address="203.0.113.7"
    )
    await reporting.hear(event)
    [row] = await reporting.rows(ENTRIES, tenant=DISTRICT)
    assert row.document == to_document(event)
    assert orjson.loads(row.document)["data"]["before"] == {"roles": []}
    assert (row.at, row.actor, row.act, row.target) == (START, "user:7", "user.set_roles", "user-9")
    assert (row.org_id, row.outcome, row.event_id) == (LAB, "refused", event.id)
    assert row.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_duplicates_and_redeliveries_change_nothing(get: Ask, district: Reporting) -> None:
    one, two = act("one"), act("two")
    redelivered = one.model_copy(update={"traceparent": None})
    await district.hear(one, one, redelivered)
    before = await district.rows(ENTRIES, tenant=DISTRICT)
    await district.hear(redelivered)
    assert await district.rows(ENTRIES, tenant=DISTRICT) == before
    await district.hear(two, redelivered)
    assert await targets(district) == ["one", "two"]
    assert await district.rows(BATCHES, tenant=DISTRICT) == [(1, 1, 1), (2, 2, 2)]
    assert await findings(get) == []


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=5))
@settings(
    max_examples=settings().max_examples // 12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_deliveries_make_a_whole_log_with_each_act_once(
    get: Ask, district: Reporting, deliveries: list[list[int]]
) -> None:
    """The fixture's log goes on from one example to the next; `seen` is what this one tells."""
    acts: list[Event[Any]] = [act(f"act-{number}") for number in range(10)]
    for delivery in deliveries:
        await district.hear(*(acts[number] for number in delivery))
    told = list(dict.fromkeys(acts[number].id for delivery in deliveries for number in delivery))
    written = [row.event_id for row in await district.rows(ENTRIES, tenant=DISTRICT)]
    assert [one for one in written if one in {event.id for event in acts}] == told
    assert await findings(get) == []


async def test_each_tenant_has_a_log_of_its_own(get: Ask, district: Reporting) -> None:
    await district.hear(act("here"), act("there", tenant=ELSEWHERE), act("operators", tenant=OPERATORS_TENANT))
    for tenant, target in ((DISTRICT, "here"), (ELSEWHERE, "there"), (OPERATORS_TENANT, "operators")):
        assert await targets(district, tenant) == [target]
        assert [(row.first, row.last) for row in await district.rows(BATCHES, tenant=tenant)] == [(1, 1)]
    chains = [
        await download(lambda path, **query: get(path, who=OPERATOR, **query), "chain", t)
        for t in (DISTRICT, ELSEWHERE)
    ]
    assert chains[0][0]["hash"] != chains[1][0]["hash"]


async def test_an_act_without_a_canonical_form_is_dead_alone(district: Reporting) -> None:
    await district.hear(act("one"), act("odd", after={"seats": 2**60}), act("two"))
    assert await targets(district) == ["one", "two"]
    dead = await district.rows("select routing_key, attributes from outbox where exchange = ''")
    assert [row.routing_key for row in dead] == ["reporting.dead"]
    assert orjson.loads(dead[0].attributes)["deadreason"] == "invalid"


async def test_text_that_no_database_takes_does_not_stop_the_log(get: Ask, district: Reporting) -> None:
    await district.hear(act("a\x00b"))
    assert await targets(district) == ["a\ufffdb"]
    assert await findings(get) == []
    [item] = (await get("/v1/audit"))["items"]
    assert item["target"] == "a\x00b"


@pytest.mark.parametrize("table", ["audit_entry", "audit_batch", "audit_checkpoint"])
@pytest.mark.parametrize("change", ["update {} set tenant_id = tenant_id", "delete from {}", "truncate {}"])
async def test_the_service_itself_cannot_change_or_remove_a_line(reporting: Reporting, table: str, change: str) -> None:
    await reporting.hear(act())
    with pytest.raises(DBAPIError, match="permission denied"):
        await reporting.rows(change.format(table))


async def test_writers_beside_each_other_make_one_chain(get: Ask, district: Reporting) -> None:
    acts = [act(f"act-{number}") for number in range(60)]
    shuffled = random.Random(7).sample(acts * 2, k=120)
    await asyncio.gather(*(district.hear(*shuffled[place::8]) for place in range(8)))
    assert sorted(await targets(district)) == sorted(one.data.target for one in acts)
    assert await findings(get) == []


def signed_every(batches: int, key: str = "11" * 32) -> ReportingSettings:
    return ReportingSettings(audit_signing_key=SecretStr(key), audit_checkpoint_batches=batches)


async def test_a_checkpoint_is_made_every_so_many_batches_and_on_demand(get: Ask, district: Reporting) -> None:
    every_three = Reporting(district.database, district.clock, signed_every(3))
    for number in range(7):
        await every_three.hear(act(f"act-{number}"))
    assert [one["batches"] for one in await download(get, "checkpoints")] == [3, 6]
    made = await get("/v1/audit/checkpoints", post={"tenant_id": str(DISTRICT)})
    assert [(one["number"], one["entries"]) for one in made["items"]] == [(3, 7)]
    assert await get("/v1/audit/checkpoints", post={}) == made
    [told] = await district.rows("select body from outbox where routing_key = 'reporting.audit.recorded.v1'")
    recorded = orjson.loads(told.body)
    assert (recorded["act"], recorded["target"], recorded["after"]) == (
        "audit.checkpoint",
        "checkpoint/3",
        {"entries": 7, "batches": 7},
    )


async def test_a_system_administrator_signs_every_log(get: Ask, district: Reporting) -> None:
    await Reporting(district.database, district.clock, signed_every(5)).hear(act(), act(tenant=ELSEWHERE))
    made = await get("/v1/audit/checkpoints", who=OPERATOR, post={})
    assert [one["tenant_id"] for one in made["items"]] == [str(DISTRICT), str(ELSEWHERE)]


async def test_without_a_key_the_log_is_chained_and_that_it_is_not_signed_is_found(
    get: Ask, district: Reporting
) -> None:
    await Reporting(district.database, district.clock, ReportingSettings()).hear(act())
    assert [(one.code, one.place) for one in await findings(get)] == [("entries_unsigned", "entry 1")]


def test_settings_take_keys_alone_and_production_none_but_a_key() -> None:
    with pytest.raises(ValidationError, match="64 hexadecimal digits") as refused:
        signed_every(1, "not a key")
    assert "not a key" not in str(refused.value)
    with pytest.raises(ValidationError, match="USHER_AUDIT_FORMER_KEYS"):
        ReportingSettings(audit_signing_key=SecretStr("11" * 32), audit_former_keys='[{"kty": "RSA"}]')
    with pytest.raises(ValidationError, match="USHER_AUDIT_SIGNING_KEY"):
        ReportingSettings(environment="production")


async def test_who_may_verify_which_log(get: Ask, district: Reporting) -> None:
    await district.hear(act(), act(tenant=ELSEWHERE))
    for path in ("chain", "batches", "checkpoints"):
        assert len((await get(f"/v1/audit/{path}"))["items"]) == 1
        assert len((await get(f"/v1/audit/{path}", who=OPERATOR, tenant_id=ELSEWHERE))["items"]) == 1
        assert status_of(await get(f"/v1/audit/{path}", who=OPERATOR)) == 422
        assert status_of(await get(f"/v1/audit/{path}", tenant_id=ELSEWHERE)) == 404
        assert status_of(await get(f"/v1/audit/{path}", who=LAB_REPORTER)) == 404
        assert status_of(await get(f"/v1/audit/{path}", who=LEARNER)) == 403
    assert [one["tenant_id"] for one in (await get("/v1/audit/logs"))["items"]] == [str(DISTRICT)]
    everybody = (await get("/v1/audit/logs", who=OPERATOR))["items"]
    assert [(UUID(one["tenant_id"]), one["entries"]) for one in everybody] == [
        (DISTRICT, 1),
        (ELSEWHERE, 1),
        (OPERATORS_TENANT, 0),
    ]
    assert status_of(await get("/v1/audit/checkpoints", who=LEARNER, post={})) == 403
    assert status_of(await get("/v1/audit/checkpoints", who=ADA, post={"tenant_id": str(ELSEWHERE)})) == 404
