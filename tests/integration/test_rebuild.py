"""A rebuild of reporting on the running system, during traffic: what was broken behind its back is mended."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from usher_cli.clients.broker import Broker
from usher_cli.clients.calls import new_trace_id

from .system import SYSTEM, District, System, eventually, settle

pytestmark = SYSTEM

BREAK = [
    "delete from claim where tenant_id = $1 and kind = 'assigned'",
    "update headcount set assigned = assigned + 5 where tenant_id = $1",
    "update seat set state = 'withheld', version = version + 1000 where tenant_id = $1 and product = 'learn'",
    "delete from person where tenant_id = $1",
    "update pool set capacity = 1, version = version + 7 where tenant_id = $1",
    "update profile set display_name = 'somebody' where tenant_id = $1",
]
OWNED: Mapping[str, tuple[str, str]] = {
    "organizations": ("identity", "select id, parent_id, name, status, version from organization"),
    "people": ("identity", "select id, org_id, status, roles, version from person"),
    "profiles": ("identity", "select id, user_name, display_name, profile_version from person"),
    "terms": ("entitlements", "select id, org_id, product, seats, state, version from license_term"),
    "pools": ("entitlements", "select id, org_id, product, capacity, assigned, waitlisted, version from pool"),
    "seats": ("entitlements", "select user_id, product, state, pool_id, since, version from seat"),
    "history": ("entitlements", "select cast(id as text) from told"),
    "use": ("usage", "select user_id, product, activity, version from seat_activity where version > 0"),
}
SHOWN: Mapping[str, str] = {
    "organizations": "select id, parent_id, name, status, version from organization",
    "people": "select id, org_id, status, roles, version from person",
    "profiles": "select id, user_name, display_name, version from profile",
    "terms": "select id, org_id, product, seats, state, version from license_term",
    "pools": "select id, org_id, product, capacity, assigned, waitlisted, version from pool",
    "seats": "select user_id, product, state, pool_id, since, version from seat where version > 0",
    "history": "select message_id from claim where not is_void",
    "use": "select user_id, product, activity, activity_version from seat where activity_version > 0",
}


def rows(system: System, service: str, query: str, tenant: str) -> list[Any]:
    """What a service's own tables hold of a tenant."""

    async def read() -> list[Any]:
        connection = await asyncpg.connect(system.databases[service])
        try:
            joined = "and" if " where " in query else "where"
            return sorted(
                repr([*row.values()]) for row in await connection.fetch(f"{query} {joined} tenant_id = $1", tenant)
            )
        finally:
            await connection.close()

    return asyncio.run(read())


def break_reporting(system: System, tenant: str) -> None:
    async def change() -> None:
        connection = await asyncpg.connect(system.databases["reporting"])
        try:
            for statement in BREAK:
                await connection.execute(statement, tenant)
        finally:
            await connection.close()

    asyncio.run(change())


def differing(system: System, tenant: str) -> list[str]:
    """In what reporting's tables are not what their owners' say."""
    return [
        name
        for name, (owner, query) in OWNED.items()
        if rows(system, owner, query, tenant) != rows(system, "reporting", SHOWN[name], tenant)
    ]


def change_roles(district: District, people: Sequence[str], turn: int) -> None:
    """A little traffic: some lose a role, some get one."""
    who = people[turn % len(people)]
    district.session.identity.set_roles(who, ["learner", "observer"] if turn % 3 else ["learner"], new_trace_id())


def test_a_rebuild_during_traffic_ends_equal_to_what_the_owners_have(system: System, district: District) -> None:
    session = district.session
    district.license("learn", seats=8)
    district.license("observe", seats=20)
    people = [district.person(f"person-{number}", "learner") for number in range(9)]
    for turn in range(12):
        change_roles(district, people, turn)
    settle(session)
    assert differing(system, district.id) == []
    notices = rows(system, "notifications", "select id, kind, recipient from delivery", district.id)

    break_reporting(system, district.id)
    assert {"people", "seats", "history", "pools"} <= {*differing(system, district.id)}
    rebuild, turn = session.reporting.start_rebuild(), 0
    while (state := session.reporting.rebuild(rebuild["id"]))["finished_at"] is None:
        change_roles(district, people, turn := turn + 1)
    assert state["state"] == "done", state
    assert state["corrected"] > 0
    assert turn > 2

    eventually(lambda: differing(system, district.id) == [])
    settle(session)
    assert rows(system, "notifications", "select id, kind, recipient from delivery", district.id) == notices
    broker = Broker.of(session.environment, session.http)
    assert broker
    assert "reporting.rebuild" not in [queue["name"] for queue in broker.queues()]
