"""Machine clients: what a tenant's program may do by its scopes, where, and for how long (machines: Scopes)."""

from typing import Any

import pytest
from joserfc import jwt
from sqlalchemy import text

from usher_identity.oidc import throttle

from .machine_story import enter, machine, make
from .story import House, ok

USERS = "/v1/users"


async def token_status(house: House, made: Any, secret: str, **form: str) -> int:
    return (await house.token(made["client_id"], secret, grant_type="client_credentials", **form)).status_code


async def test_a_machine_does_what_its_scopes_open_where_it_is_bound(house: House) -> None:
    near, far = await house.person("near", "north"), await house.person("far", "south")
    hr = await machine(house, "north", "users:read", "users:write")
    assert [one["id"] for one in (await hr.get(USERS))["items"]] == [near["id"]]
    assert (await hr.patch(f"{USERS}/{near['id']}", display_name="Renamed"))["display_name"] == "Renamed"
    for verb, body in (("GET", None), ("PATCH", {"display_name": "Renamed"})):
        assert (await hr.ask(verb, f"{USERS}/{far['id']}", json=body)).status_code == 404
    body = {"org_id": house.organizations["south"]["id"], "user_name": "new", "display_name": "New"}
    assert (await hr.ask("POST", USERS, json=body)).status_code == 404


async def test_what_no_scope_of_its_own_opens_is_closed(house: House) -> None:
    ada = await house.person("ada")
    reader = await machine(house, "district", "users:read")
    refused = [
        await reader.ask("PATCH", f"{USERS}/{ada['id']}", json={"display_name": "Renamed"}),
        await reader.ask("GET", "/v1/organizations"),
        await reader.ask("GET", "/v1/me"),
        await reader.ask("GET", "/oauth/userinfo"),
        await reader.ask("GET", "/v1/upstreams"),
        await reader.ask("GET", "/v1/clients"),
        await reader.ask("GET", "/v1/sessions", params={"user_id": ada["id"]}),
        await reader.ask("GET", "/v1/doctor"),
        await reader.ask("POST", "/v1/logins:bulk", json={"logins": []}),
    ]
    assert {answer.status_code for answer in refused} == {403}
    assert "users:write" in refused[0].json()["detail"]


async def test_another_tenant_is_not_there_for_it(house: House) -> None:
    other = await house.system.post("/v1/organizations", name="Other District")
    body = {"org_id": other["id"], "user_name": "eve", "display_name": "Eve"}
    eve = await house.system.post(USERS, **body)
    hr = await machine(house, "district", "users:read", "organizations:read", "check")
    for path in (f"{USERS}/{eve['id']}", f"/v1/organizations/{other['id']}"):
        assert (await hr.ask("GET", path)).status_code == 404
    assert (await hr.get(USERS, identifier="eve"))["items"] == []
    assert "eve" not in str(await hr.get(USERS))


async def test_machines_make_and_change_no_administrators(house: House) -> None:
    boss = await house.person("boss", "north", roles=["org_admin"])
    ada = await house.person("ada", "north")
    hr = await machine(house, "district", "users:write", "roles:write", "users:read")
    await hr.set_roles(ada, "learner", "reporter")
    body = {"org_id": house.organizations["north"]["id"], "user_name": "new", "display_name": "New"}
    refused = [
        await hr.ask("PATCH", f"{USERS}/{boss['id']}", json={"email": "mine@example.org"}),
        await hr.ask("PUT", f"{USERS}/{boss['id']}/roles", json={"roles": []}),
        await hr.ask("PUT", f"{USERS}/{ada['id']}/roles", json={"roles": ["org_admin"]}),
        await hr.ask("POST", USERS, json={**body, "roles": ["org_admin"]}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    plain = await machine(house, "district", "users:write")
    assert (await plain.ask("POST", USERS, json={**body, "roles": ["learner"]})).status_code == 403
    assert (await plain.ask("POST", USERS, json=body)).status_code == 201


async def test_words_for_roles_are_not_a_machines_to_say(house: House) -> None:
    hr = await machine(house, "district", "imports:write")
    form = {"tenant_id": house.organizations["district"]["id"], "mapping": '{"roles": {"coach": ["org_admin"]}}'}
    answer = await hr.ask("POST", "/v1/imports", data=form, files={"file": ("set.zip", b"", "application/zip")})
    assert answer.status_code == 403


async def test_its_token_says_where_it_may_act_and_is_nobodys(house: House) -> None:
    made = await make(house, "north", "users:read", "check")
    answer = ok(await house.token(made["client_id"], made["client_secret"], grant_type="client_credentials"))
    claims = jwt.decode(answer["access_token"], await house.keys(look_again=False), algorithms=["ES256"]).claims
    assert claims["client_tenant"] == house.organizations["district"]["id"]
    assert claims["client_org"] == house.organizations["north"]["id"]
    assert "tenant" not in claims
    assert (answer["scope"], answer["expires_in"], claims["exp"] - claims["iat"]) == ("check users:read", 600, 600)


async def test_it_asks_for_less_but_never_for_more_than_it_has(house: House) -> None:
    made = await make(house, "district", "users:read", "organizations:read")
    less = await enter(house, made, scope="organizations:read")
    assert (await less.ask("GET", USERS)).status_code == 403
    for scope in ("admin", "users:write", "openid"):
        assert await token_status(house, made, made["client_secret"], scope=scope) == 400
    body = {"name": "HR", "org_id": house.organizations["district"]["id"], "scopes": ["admin"]}
    assert (await house.system.ask("POST", "/v1/clients", json=body)).status_code == 422


async def test_other_grants_are_not_a_machines(house: House) -> None:
    ada, made = await house.person("ada"), await make(house, "district", "users:read")
    exchange = {"subject_token": ada["id"], "subject_token_type": "urn:usher:user-id"}
    grant = "urn:ietf:params:oauth:grant-type:token-exchange"
    answer = await house.token(made["client_id"], made["client_secret"], grant_type=grant, **exchange)
    assert answer.json()["error"] == "unauthorized_client"


async def test_a_new_secret_leaves_the_former_its_grace_or_ends_it_at_once(house: House) -> None:
    made = await make(house, "district", "users:read")
    path = f"/v1/clients/{made['id']}:rotate"
    second = await house.system.post(path, grace_hours=1)
    assert {await token_status(house, made, one["client_secret"]) for one in (made, second)} == {200}
    house.pass_time(hours=1)
    house.system = await house.client("cli", "the command line's own secret")
    assert await token_status(house, made, made["client_secret"]) == 401
    await house.system.post(path, grace_hours=0)
    assert await token_status(house, made, second["client_secret"]) == 401


async def test_one_that_is_disabled_or_removed_gets_no_token_and_the_last_one_ends_in_ten_minutes(house: House) -> None:
    made = await make(house, "district", "users:read")
    hr = await enter(house, made)
    path = f"/v1/clients/{made['id']}"
    assert (await house.system.patch(path, is_disabled=True))["disabled_at"]
    assert await token_status(house, made, made["client_secret"]) == 401
    assert (await hr.ask("GET", USERS)).status_code == 200
    house.pass_time(minutes=10, seconds=31)
    assert (await hr.ask("GET", USERS)).status_code == 401
    house.system = await house.client("cli", "the command line's own secret")
    await house.system.patch(path, is_disabled=False)
    assert await token_status(house, made, made["client_secret"]) == 200
    assert (await house.system.ask("DELETE", path)).status_code == 204
    assert await token_status(house, made, made["client_secret"]) == 401
    assert (await house.system.ask("GET", path)).status_code == 404


async def test_administrators_manage_those_of_their_own_part(house: House) -> None:
    nora = await house.as_person(await house.person("nora", "north", roles=["org_admin"]))
    own, alien = await make(house, "north", "users:read", by=nora), await make(house, "south", "users:read")
    assert [one["id"] for one in (await nora.get("/v1/clients"))["items"]] == [own["id"]]
    refused = [
        await nora.ask("GET", f"/v1/clients/{alien['id']}"),
        await nora.ask("PATCH", f"/v1/clients/{alien['id']}", json={"name": "Mine"}),
        await nora.ask("POST", f"/v1/clients/{alien['id']}:rotate", json={}),
        await nora.ask("DELETE", f"/v1/clients/{alien['id']}"),
    ]
    assert {answer.status_code for answer in refused} == {404}
    reader = await house.as_person(await house.person("rita", "north", roles=["reporter"]))
    assert (await reader.ask("GET", "/v1/clients")).status_code == 403
    operators = (await house.system.get("/v1/organizations", q="operators"))["items"][0]
    body = {"name": "HR", "org_id": operators["id"], "scopes": []}
    assert (await house.system.ask("POST", "/v1/clients", json=body)).status_code == 422


async def test_its_secret_is_told_once_and_kept_nowhere(house: House) -> None:
    body = {"name": "HR", "org_id": house.organizations["district"]["id"], "scopes": ["users:read"]}
    key = {"Idempotency-Key": "once"}
    made = ok(await house.system.ask("POST", "/v1/clients", json=body, headers=key))
    again = await house.system.ask("POST", "/v1/clients", json=body, headers=key)
    assert again.status_code == 409
    shown = await house.system.get(f"/v1/clients/{made['id']}")
    assert "client_secret" not in shown
    tables = ("machine_client", "idempotency_key", "outbox")
    async with house.runtime.database.transaction(await house.runtime.database.all_tenants()) as conn:
        kept = [str((await conn.execute(text(f"select t::text from {one} t"))).all()) for one in tables]
    assert kept[0].count(made["id"]) == 1
    assert not any(made["client_secret"] in one for one in kept)


async def test_a_stale_change_is_refused_and_every_act_is_written_down(house: House) -> None:
    made = await make(house, "district", "users:read")
    path = f"/v1/clients/{made['id']}"
    tag = (await house.system.ask("GET", path)).headers["etag"]
    await house.system.patch(path, scopes=["users:read", "users:write"])
    stale = await house.system.ask("PATCH", path, json={"name": "Other"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    await house.system.post(f"{path}:rotate", grace_hours=0)
    hr = await enter(house, await make(house, "district"))
    await hr.ask("POST", USERS, json={})
    await house.system.ask("DELETE", path)
    acts = [(fact["act"], fact["outcome"], attributes["actor"]) for _, attributes, fact in await house.acts()]
    of_clients = [(act, outcome) for act, outcome, _ in acts if act.startswith("machine_client.")]
    assert of_clients[:4] == [
        ("machine_client.add", "done"),
        ("machine_client.change", "done"),
        ("machine_client.change", "refused"),
        ("machine_client.rotate", "done"),
    ]
    assert of_clients[-1] == ("machine_client.remove", "done")
    refused = next(actor for act, outcome, actor in acts if (act, outcome) == ("user.create", "refused"))
    assert refused.startswith("client:")


async def test_wrong_secrets_are_slowed_down_by_address_and_lock_nobody_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "ADDRESS_TRIES", 3)
    made = await make(house, "district", "users:read")
    tries = [await token_status(house, made, "a guess") for _ in range(4)]
    assert tries == [401, 401, 401, 429]
    await house.runtime.redis.flushdb()
    assert await token_status(house, made, made["client_secret"]) == 200


async def test_a_machine_that_asks_for_a_token_each_time_is_slowed_down_and_no_stranger_uses_up_its_pace(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "TOKENS", 2)
    made = await make(house, "district", "users:read")
    assert [await token_status(house, made, "a guess") for _ in range(3)] == [401] * 3
    assert not (await house.system.get(f"/v1/clients/{made['id']}"))["used_at"]
    assert [await token_status(house, made, made["client_secret"]) for _ in range(3)] == [200, 200, 429]
    assert (await house.system.get(f"/v1/clients/{made['id']}"))["used_at"]
