"""Roles over HTTP: granted, told once, governing the next request (interfaces: Roles and what they may do)."""

import asyncio
from typing import Any

import pytest

from .story import Caller, House


def names(user: Any) -> list[str]:
    return [role["role"] for role in user["roles"]]


async def test_a_role_is_granted_and_told_without_personal_data(house: House) -> None:
    ada = await house.person("ada", email="ada@example.org")
    await house.told()
    granted = await house.system.set_roles(ada, "learner")
    assert granted["roles"][0] | {"since": ""} == {"role": "learner", "since": "", "sources": ["manual"]}
    assert granted["version"] == ada["version"] + 1
    [(key, attributes, fact)] = await house.told()
    assert (key, fact["version"], fact["previous_version"]) == (
        "identity.user.changed.v1",
        granted["version"],
        ada["version"],
    )
    assert attributes["actor"] == "client:cli"
    assert "ada" not in str(fact)


async def test_an_unchanged_write_publishes_nothing(house: House) -> None:
    ada = await house.person("ada", roles=["learner"])
    await house.told()
    again = await house.system.set_roles(ada, "learner")
    patched = await house.system.patch(f"/v1/users/{ada['id']}", display_name="Ada", status="active")
    assert again["version"] == patched["version"] == ada["version"]
    assert patched["profile_version"] == ada["profile_version"]
    assert await house.told() == []


async def test_a_role_governs_the_next_request(house: House) -> None:
    ada = await house.person("ada")
    caller = await house.as_person(ada)
    assert (await caller.ask("GET", "/v1/users")).status_code == 403
    await house.system.set_roles(ada, "reporter")
    assert len((await caller.get("/v1/users"))["items"]) == 1
    await house.system.set_roles(ada)
    assert (await caller.ask("GET", "/v1/users")).status_code == 403


async def test_who_is_suspended_is_refused_at_once(house: House) -> None:
    ada = await house.person("ada", roles=["reporter"])
    caller = await house.as_person(ada)
    await caller.get("/v1/users")
    await house.system.patch(f"/v1/users/{ada['id']}", status="suspended")
    assert (await caller.ask("GET", "/v1/users")).status_code == 401


async def test_concurrent_role_writes_leave_no_gap_in_the_versions(house: House) -> None:
    ada = await house.person("ada")
    await house.told()
    wanted = [["learner"], ["observer"], ["learner", "observer"], [], ["reporter"]] * 3
    await asyncio.gather(*(house.system.set_roles(ada, *roles) for roles in wanted))
    told = [fact for _, _, fact in await house.told()]
    versions = sorted(fact["version"] for fact in told)
    assert versions == list(range(ada["version"] + 1, ada["version"] + 1 + len(versions)))
    assert all(fact["previous_version"] == fact["version"] - 1 for fact in told)
    now = await house.system.get(f"/v1/users/{ada['id']}")
    last = max(told, key=lambda fact: fact["version"])
    assert names(now) == [role["role"] for role in last["roles"]]


async def test_a_change_based_on_an_older_state_is_refused(house: House) -> None:
    ada = await house.person("ada")
    path, tag = f"/v1/users/{ada['id']}/roles", {"If-Match": f'"{ada["version"]}"'}
    first = await house.system.ask("PUT", path, json={"roles": ["learner"]}, headers=tag)
    late = await house.system.ask("PUT", path, json={"roles": []}, headers=tag)
    assert (first.status_code, late.status_code) == (200, 412)
    fresh = {"If-Match": first.headers["etag"]}
    assert (await house.system.ask("PUT", path, json={"roles": []}, headers=fresh)).status_code == 200


@pytest.fixture
async def administrator(house: House) -> Caller:
    """Who administers the north school alone."""
    return await house.as_person(await house.person("nora", "north", roles=["org_admin"]))


async def test_an_administrator_grants_in_their_own_units_alone(house: House, administrator: Caller) -> None:
    near, far = await house.person("near", "north"), await house.person("far", "south")
    assert names(await administrator.set_roles(near, "org_admin")) == ["org_admin"]
    refused = await administrator.ask("PUT", f"/v1/users/{far['id']}/roles", json={"roles": ["learner"]})
    assert refused.status_code == 404


async def test_nobody_but_a_system_administrator_grants_system_admin(house: House, administrator: Caller) -> None:
    near = await house.person("near", "north")
    path, body = f"/v1/users/{near['id']}/roles", {"roles": ["system_admin"]}
    refused = await administrator.ask("PUT", path, json=body)
    elsewhere = await house.system.ask("PUT", path, json=body)
    assert (refused.status_code, elsewhere.status_code) == (403, 422)
    assert refused.json()["errors"][0]["pointer"] == "/roles"
    operator = await house.as_person(await house.operator())
    assert names(await operator.set_roles(near, "learner")) == ["learner"]


async def test_an_unknown_role_is_named(house: House) -> None:
    ada = await house.person("ada")
    refused = await house.system.ask("PUT", f"/v1/users/{ada['id']}/roles", json={"roles": ["wizard"]})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
