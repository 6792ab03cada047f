"""Keycloak's events on a real database: who is made, named, given roles, seen to log in; and what is set aside."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from usher_identity.consumers import APPLY
from usher_identity.keycloak.reading import read_upstreams
from usher_kit.consuming import Applier
from usher_kit.ids import new_id
from usher_kit.wire import Message, Refused

from .story import House

SAMPLES = os.environ.get("USHER_SAMPLE_DATA")
REALM = "c35229b5-75cf-42d4-aa83-976a0609b73d"


class Keycloak:
    """A realm of the district, by the road that its events take after the broker."""

    def __init__(self, house: House, upstream: Mapping[str, Any]) -> None:
        self.house, self.upstream = house, upstream
        runtime = house.runtime
        self.applier = Applier("identity", APPLY, runtime.database, runtime.clock, read=read_upstreams)
        self.time = int(runtime.clock.now().timestamp() * 1000) - 1_000_000

    def admin(self, what: str, path: str, shown: Any = None, **body: Any) -> Message:
        self.time += 1_000
        resource, operation = what.split(".")
        said = {
            "time": self.time,
            "realmId": REALM,
            "resourceType": resource,
            "operationType": operation,
            "resourcePath": path,
            "representation": None if shown is None else orjson.dumps(shown).decode(),
            "error": None,
            **body,
        }
        return message(f"KK.EVENT.ADMIN.ada_district.SUCCESS.{what}", said)

    def client(self, type_: str, user_id: str | None, client: str = "canvas", **details: str) -> Message:
        self.time += 1_000
        said = {
            "time": self.time,
            "type": type_,
            "realmId": REALM,
            "clientId": client,
            "userId": user_id,
            "details": details,
        }
        return message(f"KK.EVENT.CLIENT.ada_district.SUCCESS.{client}.{type_}", said)

    async def send(self, *messages: Message) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """What these lead to, as facts: of people, and dead letters."""
        read = [read_upstreams(one) for one in messages]
        refused: list[Refused] = [one for _, bad in read for one in bad]
        await self.applier.run([event for taken, _ in read for event in taken], refused)
        return [one for one in await self.house.facts() if one[0] != "identity.audit.recorded.v1"]

    async def person(self, user_name: str) -> Any:
        found = await self.house.system.get(
            "/v1/users", org_id=self.house.organizations["district"]["id"], identifier=user_name
        )
        [one] = found["items"]
        return await self.house.system.get(f"/v1/users/{one['id']}")

    async def tally(self) -> dict[tuple[str, str], int]:
        told = await self.house.system.get(f"/v1/upstreams/{self.upstream['id']}/tally")
        return {(one["outcome"], one["what"]): one["events"] for one in told["items"]}


def message(key: str, body: Any) -> Message:
    headers = {"__TypeId__": "com.github.aznamier.keycloak.event.provider.EventAdminNotificationMqMsg"}
    return Message(key, "application/json", headers, orjson.dumps(body))


@pytest.fixture
async def keycloak(house: House) -> Keycloak:
    made = await house.system.post(
        "/v1/upstreams",
        name="sso",
        kind="keycloak",
        org_id=house.organizations["district"]["id"],
        mapping={"/teachers": ["learner", "observable"], "Coach": ["learner"], "c1/head": ["observer"]},
        keycloak={"realm": "ada district", "clients": ["canvas"], "organization_attribute": "school"},
    )
    await house.facts()
    return Keycloak(house, made)


ADA = {"username": "ada", "firstName": "Ada", "lastName": "Byron", "email": "ada@example.org", "enabled": True}


def roles_of(person: Mapping[str, Any]) -> set[str]:
    return {one["role"] for one in person["roles"]}


async def test_a_user_is_made_changed_in_parts_disabled_and_erased(keycloak: Keycloak) -> None:
    await keycloak.send(keycloak.admin("USER.CREATE", "users/k1", ADA))
    made = await keycloak.person("ada")
    assert (made["display_name"], made["email"], made["status"]) == ("Ada Byron", "ada@example.org", "active")
    assert made["org_id"] == keycloak.house.organizations["district"]["id"]
    await keycloak.send(keycloak.admin("USER.UPDATE", "users/k1", {"lastName": "Lovelace"}))
    renamed = await keycloak.person("ada")
    assert (renamed["display_name"], renamed["email"]) == ("Ada Lovelace", "ada@example.org")
    await keycloak.send(keycloak.admin("USER.UPDATE", "users/k1", {"enabled": False}))
    assert (await keycloak.person("ada"))["status"] == "suspended"
    await keycloak.send(keycloak.admin("USER.UPDATE", "users/k1", {"enabled": True, "email": ""}))
    back = await keycloak.person("ada")
    assert (back["status"], back["email"]) == ("active", None)
    await keycloak.send(keycloak.admin("USER.DELETE", "users/k1"))
    assert (await keycloak.house.system.get(f"/v1/users/{made['id']}"))["status"] == "deleted"


async def test_what_comes_twice_or_late_changes_nothing(keycloak: Keycloak) -> None:
    late = keycloak.admin("USER.UPDATE", "users/k1", {"lastName": "Old"})
    made = keycloak.admin("USER.CREATE", "users/k1", ADA)
    assert len(await keycloak.send(made)) == 2
    assert await keycloak.send(made) == []
    assert await keycloak.send(late) == []
    assert (await keycloak.person("ada"))["display_name"] == "Ada Byron"
    assert (await keycloak.tally())["stale", "keycloak.person"] == 1


async def test_a_role_stays_while_any_role_or_group_gives_it(keycloak: Keycloak) -> None:
    coach = [{"id": "r1", "name": "Coach", "composite": False}]
    teachers = {"id": "g1", "name": "teachers", "path": "/teachers"}
    await keycloak.send(
        keycloak.admin("USER.CREATE", "users/k1", ADA),
        keycloak.admin("REALM_ROLE_MAPPING.CREATE", "users/k1/role-mappings/realm", coach),
        keycloak.admin("GROUP_MEMBERSHIP.CREATE", "users/k1/groups/g1", teachers),
        keycloak.admin("CLIENT_ROLE_MAPPING.CREATE", "users/k1/role-mappings/clients/c1", [{"name": "head"}]),
        keycloak.admin("CLIENT_ROLE_MAPPING.CREATE", "users/k1/role-mappings/clients/c2", [{"name": "head"}]),
    )
    assert roles_of(await keycloak.person("ada")) == {"learner", "observable", "observer"}
    assert (await keycloak.tally())["unmapped_word", "c2/head"] == 1
    await keycloak.send(keycloak.admin("GROUP_MEMBERSHIP.DELETE", "users/k1/groups/g1", teachers))
    assert roles_of(await keycloak.person("ada")) == {"learner", "observer"}
    await keycloak.send(keycloak.admin("REALM_ROLE_MAPPING.DELETE", "users/k1/role-mappings/realm", coach))
    assert roles_of(await keycloak.person("ada")) == {"observer"}


async def test_roles_that_come_before_their_user_wait_and_groups_at_creation_end_by_id(keycloak: Keycloak) -> None:
    coach = [{"id": "r1", "name": "Coach"}]
    early = keycloak.admin("REALM_ROLE_MAPPING.CREATE", "users/k1/role-mappings/realm", coach)
    made = keycloak.admin("USER.CREATE", "users/k1", {**ADA, "groups": ["/teachers"]})
    assert await keycloak.send(early) == []
    await keycloak.send(made)
    assert roles_of(await keycloak.person("ada")) == {"learner", "observable"}
    left = {"id": "g1", "name": "teachers", "path": "/teachers"}
    await keycloak.send(keycloak.admin("GROUP_MEMBERSHIP.DELETE", "users/k1/groups/g1", left))
    assert roles_of(await keycloak.person("ada")) == {"learner"}


async def test_a_login_counts_for_its_clients_and_tells_who_was_there_before(keycloak: Keycloak) -> None:
    ada = await keycloak.house.person("ada", "north", roles=["learner"])
    await keycloak.house.facts()
    told = await keycloak.send(
        keycloak.client("LOGIN", "k1", username="ADA"),
        keycloak.client("LOGIN", "k1", "account-console", username="ada"),
        keycloak.client("LOGIN", "k2", username="nobody"),
        keycloak.client("LOGIN", None),
    )
    logins = [fact for key, _, fact in told if key == "identity.user.logged_in.v1"]
    assert [(one["user_id"], one["org_id"]) for one in logins] == [(ada["id"], ada["org_id"])]
    now = await keycloak.person("ada")
    assert (now["display_name"], now["status"], roles_of(now)) == (ada["display_name"], "active", {"learner"})
    tally = await keycloak.tally()
    assert tally["taken", "keycloak.login"] == 1
    assert tally["refused", "keycloak.login"] == 1
    assert tally["ignored_client_not_counted", "LOGIN"] == 1
    assert tally["ignored_no_user", "LOGIN"] == 1
    await keycloak.send(keycloak.admin("USER.UPDATE", "users/k1", {"lastName": "Byron", "firstName": "Ada"}))
    assert (await keycloak.person("ada"))["display_name"] == "Ada Byron"


async def test_a_login_never_brings_back_who_is_suspended(keycloak: Keycloak) -> None:
    ada = await keycloak.house.person("ada", "north")
    await keycloak.house.system.patch(f"/v1/users/{ada['id']}", status="suspended")
    await keycloak.send(keycloak.client("LOGIN", "k1", username="ada"))
    assert (await keycloak.person("ada"))["status"] == "suspended"


async def test_who_registers_and_changes_their_profile(keycloak: Keycloak) -> None:
    await keycloak.send(
        keycloak.client("REGISTER", "k3", username="eve", email="eve@example.org", first_name="Eve", last_name="Moss"),
        keycloak.client("UPDATE_PROFILE", "k3", previous_last_name="Moss", updated_last_name="Reed"),
        keycloak.client("UPDATE_EMAIL", "k3", updated_email="reed@example.org"),
    )
    eve = await keycloak.person("eve")
    assert (eve["display_name"], eve["email"], eve["status"]) == ("Eve Reed", "reed@example.org", "active")
    await keycloak.send(keycloak.client("DELETE_ACCOUNT", "k3"))
    assert (await keycloak.house.system.get(f"/v1/users/{eve['id']}"))["status"] == "deleted"


async def test_an_attribute_says_where_somebody_belongs(keycloak: Keycloak) -> None:
    district = keycloak.house.organizations["district"]["id"]
    school = await keycloak.house.system.post(
        "/v1/organizations", name="East", parent_id=district, external_id="e", source="sis"
    )
    await keycloak.send(keycloak.admin("USER.CREATE", "users/k1", {**ADA, "attributes": {"school": ["e"]}}))
    assert (await keycloak.person("ada"))["org_id"] == school["id"]
    nowhere = {**ADA, "username": "bob", "attributes": {"school": ["x"]}}
    await keycloak.send(keycloak.admin("USER.CREATE", "users/k2", nowhere))
    assert (await keycloak.tally())["refused", "keycloak.person"] == 1


async def test_what_says_nothing_here_is_counted_and_nobody_waits_for_it(keycloak: Keycloak) -> None:
    failed = message("KK.EVENT.ADMIN.ada_district.ERROR.USER.DELETE", {"time": keycloak.time, "operationType": "DELETE",
        "resourceType": "USER", "resourcePath": "users/k1", "error": "unauthorized"})  # fmt: skip
    dead = await keycloak.send(
        keycloak.admin("USER.CREATE", "users/k1", ADA),
        failed,
        keycloak.admin("USER.DELETE", "users/k1", error="no"),
        keycloak.admin("USER.DELETE", "users/k1/federated-identity/google"),
        keycloak.admin("USER.ACTION", "users/k1/reset-password"),
        keycloak.admin("USER.UPDATE", "users/k1"),
        keycloak.admin("GROUP.CREATE", "groups/g1", {"name": "x"}),
        keycloak.admin("REALM_ROLE_MAPPING.CREATE", "groups/g1/role-mappings/realm", []),
        keycloak.admin("A_TYPE_OF_TOMORROW.CREATE", "x/y", {"name": "x"}),
        keycloak.client("CODE_TO_TOKEN", "k1"),
    )
    assert [key for key, _, _ in dead if key == "identity.dead"] == []
    assert (await keycloak.person("ada"))["status"] == "active"
    assert {one: count for one, count in (await keycloak.tally()).items() if one[0] != "taken"} == {
        ("ignored_error", "USER.DELETE"): 2,
        ("ignored_not_of_people", "A_TYPE_OF_TOMORROW.CREATE"): 1,
        ("ignored_not_of_people", "CODE_TO_TOKEN"): 1,
        ("ignored_not_of_people", "GROUP.CREATE"): 1,
        ("ignored_not_of_people", "REALM_ROLE_MAPPING.CREATE"): 1,
        ("ignored_not_of_people", "USER.ACTION"): 1,
        ("ignored_not_of_people", "USER.DELETE"): 1,
        ("ignored_no_representation", "USER.UPDATE"): 1,
    }


async def test_what_cannot_be_read_is_a_dead_letter_as_it_came_and_the_rest_is_done(keycloak: Keycloak) -> None:
    unreadable = keycloak.admin("USER.UPDATE", "users/k1", {"username": 5})
    elsewhere = message("KK.EVENT.ADMIN.nowhere.SUCCESS.USER.DELETE", orjson.loads(keycloak.admin(
        "USER.DELETE", "users/k1").body))  # fmt: skip
    told = await keycloak.send(
        unreadable,
        Message("KK.EVENT.ADMIN.ada_district", "application/json", {}, b"{}"),
        Message("KK.EVENT.ADMIN.ada_district.SUCCESS.USER.UPDATE", "application/json", {}, b'"unparseable"'),
        elsewhere,
        keycloak.admin("USER.CREATE", "users/k1", ADA),
    )
    letters = [(attributes, body) for key, attributes, body in told if key == "identity.dead"]
    dead = [(attributes["deadreason"], attributes["deadkey"], body) for attributes, body in letters]
    assert sorted(reason for reason, _, _ in dead) == ["invalid", "invalid", "invalid", "unknown_upstream"]
    assert ("invalid", unreadable.routing_key, orjson.loads(unreadable.body)) in dead
    assert ("unknown_upstream", elsewhere.routing_key, orjson.loads(elsewhere.body)) in dead
    assert (await keycloak.person("ada"))["status"] == "active"


async def test_what_is_beyond_the_quota_waits_and_is_done_when_it_is_sent_again(keycloak: Keycloak) -> None:
    await keycloak.house.system.patch(f"/v1/upstreams/{keycloak.upstream['id']}", quota=1)
    keycloak.house.pass_time(minutes=1)
    first, second = (keycloak.admin("USER.CREATE", f"users/k{n}", {**ADA, "username": f"u{n}"}) for n in range(2))
    told = await keycloak.send(first, second)
    assert [attributes["deadreason"] for key, attributes, _ in told if key == "identity.dead"] == ["over_quota"]
    keycloak.house.pass_time(minutes=1)
    await keycloak.send(second)
    assert (await keycloak.person("u1"))["status"] == "active"


async def test_a_realm_is_one_upstreams_and_a_system_administrator_says_whose(keycloak: Keycloak) -> None:
    house = keycloak.house
    north = house.organizations["north"]["id"]
    admin = await house.as_person(await house.person("admin", "north", roles=["org_admin"]))
    asked = {"name": "sso2", "kind": "keycloak", "org_id": north, "keycloak": {"realm": "ada_district"}}
    assert (await admin.ask("POST", "/v1/upstreams", json=asked)).status_code == 403
    assert (await house.system.ask("POST", "/v1/upstreams", json=asked)).status_code == 409
    for wrong in ({"kind": "keycloak", "keycloak": None}, {"kind": "amqp"}, {"keycloak": {"realm": "a*"}}):
        assert (await house.system.ask("POST", "/v1/upstreams", json={**asked, **wrong})).status_code == 422
    path = f"/v1/upstreams/{keycloak.upstream['id']}"
    assert (await house.system.ask("DELETE", path)).status_code == 204
    told = await keycloak.send(keycloak.admin("USER.CREATE", "users/k1", ADA))
    assert [attributes["deadreason"] for key, attributes, _ in told if key == "identity.dead"] == ["unknown_upstream"]
    assert (await house.system.post("/v1/upstreams", **asked))["keycloak"]["realm"] == "ada_district"


async def test_events_of_another_realm_of_that_name_are_refused(house: House) -> None:
    made = await house.system.post(
        "/v1/upstreams",
        name="sso",
        kind="keycloak",
        org_id=house.organizations["district"]["id"],
        keycloak={"realm": "ada.district", "realm_id": str(new_id())},
    )
    keycloak = Keycloak(house, made)
    body = orjson.loads(keycloak.admin("USER.CREATE", "users/k1", ADA).body)
    await keycloak.send(message("KK.EVENT.ADMIN.adadistrict.SUCCESS.USER.CREATE", body))
    assert await keycloak.tally() == {("refused", "keycloak.person"): 1}


def written_down() -> list[dict[str, Any]]:
    return [orjson.loads(path.read_bytes()) for path in sorted(Path(SAMPLES or "", "keycloak").glob("*.json"))]


@pytest.mark.skipif(SAMPLES is None, reason="USHER_SAMPLE_DATA names no folder")
async def test_events_that_others_wrote_down(house: House) -> None:
    made = await house.system.post(
        "/v1/upstreams",
        name="arxiv",
        kind="keycloak",
        org_id=house.organizations["district"]["id"],
        mapping={"Test Role": ["learner"]},
        keycloak={"realm": "ada district"},
    )
    keycloak = Keycloak(house, made)
    samples = written_down()
    assert len(samples) == 4
    dead = []
    for sample in samples:
        body = sample["body"]
        key = f"KK.EVENT.ADMIN.ada_district.SUCCESS.{body['resourceType']}.{body['operationType']}"
        told = await keycloak.send(message(key, body))
        dead += [attributes["deaddetail"] for key, attributes, _ in told if key == "identity.dead"]
    assert len(dead) == 1, "the first shows no representation but a word for it"
    assert "/representation" in dead[0]
    reader = await keycloak.person("reader")
    assert (reader["display_name"], reader["status"], roles_of(reader)) == ("Random Reader", "active", {"learner"})
