"""Rebuilds: what is told again fills a second model beside the live one, which then shows that, and keeps its past."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aio_pika
import pytest
from redis.asyncio import Redis

from usher_contracts.envelope import OPERATORS_TENANT, Cause, Event
from usher_contracts.re_emission import ENDED, TypeCount
from usher_kit import outbox
from usher_kit.broker import Messaging, connect
from usher_kit.consuming import Applier
from usher_kit.ids import new_id
from usher_kit.loops import Loops
from usher_kit.outbound.fetching import Outbound
from usher_kit.relay import Relay
from usher_kit.runtime import Runtime
from usher_reporting.consumers import READ_MODELS
from usher_reporting.rebuilding import Rebuilding, beside_the_live_model
from usher_reporting.store import second_model
from usher_reporting.store.claim_tally import is_miscounted
from usher_reporting.store.rebuilds import Rebuild, close, find_open, finish
from usher_reporting.store.timeline import lock_tenants
from usher_reporting.tables import METADATA
from usher_reporting.use_cases.rebuilds import begin, exchange, filling, judge

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, status_of
from .story import ADA, ANN, BOB, DISTRICT, ELSEWHERE, LAB, TENANTS, Reporting, activity, day, person, pool, seat, tree
from .test_history import all_reports, life, said

RECORDS = {
    *("tenant", "epoch", "outbox", "told", "re_emission", "idempotency_key"),
    *("rebuild", "rebuild_part", "export", "export_part", "report_schedule", "bi_user"),
    *("standing", "forecast", "seat_place"),
}
"""What is no read model: plumbing, what was asked for, what was concluded of read models, and their past."""

DAMAGE = [
    "delete from claim where version % 2 = 1",
    "update claim set previous_version = 7 where version % 2 = 0",
    "delete from seat where product = 'learn'",
    "update seat set state = 'withheld', version = version + 1000 where product = 'observe'",
    "update headcount set assigned = assigned + 7, unknown = 3",
    "update pool set capacity = 1, version = version + 5",
    "update license_term set state = 'ended'",
    "update person set org_id = tenant_id, version = version + 9",
    "delete from profile",
    "update organization set name = 'wrong', status = 'deleted', version = 99 where parent_id is not null",
    "update product set name = 'wrong'",
    "update actives set people = 0, logins = 0",
    "update claim_tally set claims = claims + 1",
    "delete from wait_tally",
    f"insert into headcount select tenant_id, '{ELSEWHERE}', product, 1, 1, 1, 1, 0, 0, 0 from headcount limit 1",
]


@pytest.fixture(autouse=True)
async def no_second_model_is_left(reporting: Reporting) -> AsyncIterator[None]:
    yield
    async with reporting.database.transaction() as conn:
        await second_model.drop(conn)


OTHER_DAYS = "update progress set time_zone = 'Asia/Tokyo'"


async def told_again(district: Reporting, events: Sequence[Event[Any]]) -> Rebuild:
    """A rebuild that has begun, and has applied these facts as told again."""
    async with district.database.transaction_of_all([OPERATORS_TENANT]) as conn:
        rebuild = await find_open(conn)
        assert rebuild
        await begin(conn, rebuild, district.clock.now())
    again = [event.model_copy(update={"reemission": str(rebuild.id)}) for event in events]
    await fill(district, again)
    return rebuild


async def fill(district: Reporting, events: Sequence[Event[Any]]) -> None:
    applier = Applier(
        "reporting", filling(READ_MODELS), district.database, district.clock, transaction=beside_the_live_model
    )
    await applier.run(events, [])


async def end(district: Reporting, rebuild: Rebuild, events: Sequence[Event[Any]], more: int = 0) -> None:
    """The owners say how much they told, each type so much `more`; and it is judged."""
    await fill(district, owners_end(f"/{rebuild.id}", events, more))
    async with district.database.transaction_of_all([OPERATORS_TENANT]) as conn:
        assert await judge(conn, rebuild, len(TENANTS))


def owners_end(path: str, events: Sequence[Event[Any]], more: int = 0) -> list[Event[Any]]:
    """What the owners say in the end, having told these facts again for a rebuild."""
    facts: dict[str, set[Any]] = {type_: set() for type_ in second_model.ROWS}
    for one in events:
        version = one.data.version if one.type == seat().type else None
        facts[one.type].add((one.data.tenant_id, one.subject, version))
    ended = []
    for service, fact in ENDED.items():
        own = [type_ for type_ in facts if type_.split(".")[1] == service]
        told = tuple(TypeCount(type=type_, facts=len(facts[type_]) + more) for type_ in own)
        said_ = fact(tenant_id=OPERATORS_TENANT, id=UUID(path.rpartition("/")[2]), told=told)
        ended.append(Event.of(said_, id=new_id(), at=day(0), cause=Cause()))
    return ended


async def exchanged(district: Reporting, rebuild: Rebuild) -> int:
    corrected = 0
    for tenant in await district.database.all_tenants():
        async with district.database.transaction({tenant, OPERATORS_TENANT}) as conn:
            moment = await lock_tenants(conn, district.clock.now(), [tenant])
            corrected += await exchange(conn, rebuild, tenant, moment)
    async with district.database.transaction_of_all([OPERATORS_TENANT]) as conn:
        await close(conn, rebuild.id, "done")
        await second_model.drop(conn)
        await finish(conn, rebuild.id, district.clock.now())
    return corrected


async def damage(district: Reporting, *statements: str) -> None:
    async with district.database.transaction([DISTRICT]) as conn:
        for statement in statements:
            await conn.exec_driver_sql(statement)


def heard() -> list[Event[Any]]:
    """All that the fixture told, and a life of a district."""
    return [
        *tree(),
        person(ADA, DISTRICT, role="org_admin"),
        person(LAB_REPORTER, LAB, role="reporter"),
        person(LEARNER, LAB),
        person(OPERATOR, OPERATORS_TENANT, role="system_admin", tenant=OPERATORS_TENANT),
        *life(random.Random(3)),
    ]


def test_every_table_is_a_read_model_or_a_record() -> None:
    kept = {name for name in METADATA.tables if name in RECORDS or name.startswith(("audit_",)) or "_history" in name}
    assert {*second_model.SHOWN, *second_model.OWN_EACH} == METADATA.tables.keys() - kept
    assert second_model.ROWS.keys() == {fact.type for fact in READ_MODELS}


async def test_what_is_told_again_in_any_order_mends_whatever_was_damaged(district: Reporting, get: Ask) -> None:
    told = heard()
    await district.hear(*told)
    before, as_of = said(await all_reports(get)), (await get("/v1/dashboard"))["as_of"]
    known = await district.rows("select user_id, product, version, known_at from claim where version % 2 = 0")
    district.clock.at = day(0.01)
    await damage(district, *DAMAGE)
    damaged = (await get("/v1/dashboard"))["as_of"]
    assert status_of(await get("/v1/rebuilds", who=OPERATOR, post={})) == 202
    random.Random(5).shuffle(told)
    rebuild = await told_again(district, [*told, *told[:40]])
    await end(district, rebuild, told)
    assert said(await all_reports(get)) != before, "the live model is what it was until it is exchanged"
    wrong = shown_then(await all_reports(get, at=damaged))
    district.clock.at = day(0.02)
    assert await exchanged(district, rebuild) > 0
    assert as_now(await all_reports(get)) == as_now(before)
    assert await are_counted(district)
    found = await district.examine()
    assert (found["claims_missing"], found["headcount_wrong"], found["claims_void"]) == (0, 0, 0)
    assert shown_then(await all_reports(get, at=damaged)) == wrong, "what was shown then, wrong as it was"
    again = await district.rows("select user_id, product, version, known_at from claim where version % 2 = 0")
    assert sorted(again) == sorted(known), "a claim is known since it came first"
    assert as_of < damaged


async def are_counted(district: Reporting) -> bool:
    """Whether claims are tallied as they are, by the days of the tenant's own zone."""
    async with district.database.transaction([DISTRICT]) as conn:
        zones = {row.time_zone for row in await district.rows("select time_zone from progress", [DISTRICT])}
        return zones == {"UTC"} and not await is_miscounted(conn, [DISTRICT])


def shown_then(reports: dict[str, Any]) -> dict[str, Any]:
    """Without whose seats there were: the past of rows that somebody removed by hand is found again with them."""
    return {path: report for path, report in said(reports).items() if path != "/v1/assignments"}


def as_now(reports: dict[str, Any]) -> dict[str, Any]:
    return {
        path: {**report, "as_of": None, "delay_ms": None} if isinstance(report, dict) else report
        for path, report in reports.items()
    }


async def test_where_nothing_was_wrong_nothing_is_written(district: Reporting, get: Ask) -> None:
    told = heard()
    await district.hear(*told)
    await get("/v1/rebuilds", who=OPERATOR, post={})
    rebuild = await told_again(district, told[::-1])
    await end(district, rebuild, told)
    assert await exchanged(district, rebuild) == 0


async def test_facts_of_the_day_go_to_both_models(district: Reporting, get: Ask) -> None:
    await district.hear(pool(), seat(ANN))
    await get("/v1/rebuilds", who=OPERATOR, post={})
    rebuild = await told_again(district, [*heard()[:10], pool()])
    news = [seat(BOB), seat(ANN, "released", came_from="assigned", version=2)]
    await district.hear(*news)
    await fill(district, [*news, seat(ANN)])
    await exchanged(district, rebuild)
    assert await district.rows("select user_id, state from seat order by user_id") == [
        (ANN, "released"),
        (BOB, "assigned"),
    ]
    await fill(district, [seat(BOB, "released", came_from="assigned", version=2)])
    assert (await district.examine())["held"] == 0, "what comes later is applied to the live model"


async def test_what_nobody_tells_any_more_stays_as_undone(district: Reporting, get: Ask) -> None:
    await district.hear(pool(), seat(ANN), seat(ANN, "released", came_from="assigned", version=2), activity(BOB))
    await get("/v1/rebuilds", who=OPERATOR, post={})
    rebuild = await told_again(district, [*heard()[:10], pool(), seat(ANN)])
    await exchanged(district, rebuild)
    assert await district.rows("select version, is_void, voided_at is not null from claim order by version") == [
        (1, False, False),
        (2, True, True),
    ]
    assert await district.rows("select state, version from seat order by user_id") == [("assigned", 1), ("none", 0)]


async def test_a_rebuild_that_lacks_something_fails_and_changes_nothing(district: Reporting, get: Ask) -> None:
    told = heard()
    await district.hear(*told)
    before = as_now(await all_reports(get))
    asked = (await get("/v1/rebuilds", who=OPERATOR, post={})).json()
    rebuild = await told_again(district, told)
    await end(district, rebuild, told, more=1)
    shown = await get(f"/v1/rebuilds/{asked['id']}", who=OPERATOR)
    assert shown["state"] == "closing"
    assert "entitlements told" in shown["error"]
    assert "start another rebuild" in shown["error"]
    assert as_now(await all_reports(get)) == before


async def test_rebuilds_are_operators_and_one_at_a_time(district: Reporting, get: Ask) -> None:
    assert status_of(await get("/v1/rebuilds", post={})) == 403
    asked = await get("/v1/rebuilds", who=OPERATOR, post={})
    assert (asked.status_code, asked.headers["location"]) == (202, f"/v1/rebuilds/{asked.json()['id']}")
    assert status_of(await get("/v1/rebuilds", who=OPERATOR, post={})) == 409
    path = asked.headers["location"]
    assert [status_of(await get(path)), status_of(await get(f"{path}:cancel", post={}))] == [403, 403]
    assert (await get(f"{path}:cancel", who=OPERATOR, post={}))["state"] == "closing"
    assert status_of(await get(f"{path}:cancel", who=OPERATOR, post={})) == 409
    assert status_of(await get(f"/v1/rebuilds/{UUID(int=1)}", who=OPERATOR)) == 404
    [listed] = (await get("/v1/rebuilds", who=OPERATOR))["items"]
    assert listed["id"] == asked.json()["id"]
    acts = await district.rows("select body from outbox where routing_key = 'reporting.audit.recorded.v1' order by id")
    assert [one.body for one in acts if "rebuild.start" in one.body or "rebuild.cancel" in one.body]


@asynccontextmanager
async def at_work(district: Reporting, vhost: str) -> AsyncIterator[Callable[[], Rebuilding]]:
    """Makes workers of reporting that go on with rebuilds, beside its relay, on a broker of their own."""
    settings = district.settings.model_copy(update={"rabbitmq_url": vhost})
    redis, outbound = Redis(), Outbound()
    runtime = Runtime(
        "reporting", settings, district.database, district.clock, redis, Loops[Any]("reporting"), outbound
    )
    connection = await connect(vhost, "test")
    messaging = Messaging(connection, Relay(district.database, connection, "reporting"))
    district.database.on_facts = messaging.start_relay()
    workers: list[Rebuilding] = []

    def make() -> Rebuilding:
        workers.append(Rebuilding(runtime, connection))
        return workers[-1]

    yield make
    for worker in workers:
        await worker.stop()
    await messaging.stop()
    await redis.aclose()
    await outbound.aclose()


async def send(district: Reporting, events: Sequence[Event[Any]]) -> None:
    """Put these facts into the rebuild's queue, as their owners would."""
    async with district.database.transaction_of_all([OPERATORS_TENANT]) as conn:
        await outbox.write_for(conn, "reporting.rebuild", events)
    district.database.on_facts()


async def go_on(worker: Rebuilding, until: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await until():
            await worker.go_on(worker.runtime)


async def test_another_worker_goes_on_where_one_stopped_and_nothing_is_left_behind(
    district: Reporting, vhost: str, get: Ask
) -> None:
    told = heard()
    await district.hear(*told)
    before = as_now(await all_reports(get))
    await damage(district, *DAMAGE, OTHER_DAYS)
    path = (await get("/v1/rebuilds", who=OPERATOR, post={})).headers["location"]

    async def shown() -> Any:
        return await get(path, who=OPERATOR)

    async def some_arrived() -> bool:
        return any(one["arrived"] for owner in (await shown())["owners"] for one in owner["types"])

    async def is_over() -> bool:
        return (await shown())["finished_at"] is not None

    async with at_work(district, vhost) as worker:
        first = worker()
        while (await shown())["state"] != "filling":
            await first.go_on(first.runtime)
        again = [event.model_copy(update={"reemission": path.rpartition("/")[2]}) for event in told]
        await send(district, again[:20])
        await go_on(first, some_arrived)
        await first.stop()
        await send(district, [*again[15:], *owners_end(path, told)])
        await go_on(worker(), is_over)
        assert (await shown())["state"] == "done"
        assert as_now(await all_reports(get)) == before
        assert await are_counted(district)
        assert await left_behind(district, vhost) == []


async def test_who_cancels_leaves_nothing_behind_and_the_live_model_as_it_was(
    district: Reporting, vhost: str, get: Ask
) -> None:
    await district.hear(*heard())
    before = as_now(await all_reports(get))
    path = (await get("/v1/rebuilds", who=OPERATOR, post={})).headers["location"]

    async def is_over() -> bool:
        return (await get(path, who=OPERATOR))["finished_at"] is not None

    async with at_work(district, vhost) as worker:
        own = worker()
        while (await get(path, who=OPERATOR))["state"] != "filling":
            await own.go_on(own.runtime)
        assert await left_behind(district, vhost) == ["queue", "tables"]
        await get(f"{path}:cancel", who=OPERATOR, post={})
        await go_on(own, is_over)
        assert (await get(path, who=OPERATOR))["state"] == "cancelled"
        assert await left_behind(district, vhost) == []
    assert as_now(await all_reports(get)) == before
    asked = await district.rows("select body from outbox where routing_key = 'reporting.re_emission.requested.v1'")
    assert asked == [], "both the request and its end went out"


async def left_behind(district: Reporting, vhost: str) -> list[str]:
    """What there is of a rebuild beside its row."""
    found = []
    async with await aio_pika.connect(vhost) as connection:
        channel = await connection.channel()
        try:
            await channel.declare_queue("reporting.rebuild", passive=True)
            found.append("queue")
        except aio_pika.exceptions.ChannelNotFoundEntity:
            pass
    if await district.rows("select tablename from pg_tables where schemaname = 'rebuilding'"):
        found.append("tables")
    return found
