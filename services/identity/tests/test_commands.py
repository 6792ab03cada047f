"""What upstreams ask, decided on a real database: who is made, linked, changed and told of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest

from usher_identity.consumers import APPLY
from usher_kit.commands import read_commands
from usher_kit.consuming import Applier
from usher_kit.ids import new_id
from usher_kit.wire import Message

from .story import House, ok

OUTCOME = "usher.upstream.outcome.v1"


class Sender:
    """An upstream of the district, by the road that its messages take after the broker."""

    def __init__(self, house: House, upstream: Mapping[str, Any]) -> None:
        self.house, self.upstream = house, upstream
        runtime = house.runtime
        self.applier = Applier("identity", APPLY, runtime.database, runtime.clock, read=read_commands)
        self.sequence = 0

    def message(self, type_: str, sequence: int | None = None, **body: Any) -> Message:
        self.sequence += 1
        headers = {"ce-id": str(new_id()), "ce-sequence": str(sequence or self.sequence)}
        key = f"{self.upstream['tenant_id']}.{self.upstream['name']}.upstream.{type_}.v1"
        return Message(key, "application/json", headers, orjson.dumps(body))

    async def send(self, *messages: Message) -> list[dict[str, Any]]:
        """The outcomes of these, in the order of the commands."""
        read = [read_commands(one) for one in messages]
        events = [event for taken, _ in read for event in taken]
        await self.applier.run(events, [one for _, bad in read for one in bad])
        told = await self.house.facts()
        outcomes = {fact["command_id"]: fact for _, attributes, fact in told if attributes.get("type") == OUTCOME}
        return [outcomes[event.id] for event in events if event.id in outcomes]

    async def say(self, type_: str, sequence: int | None = None, **body: Any) -> dict[str, Any]:
        [outcome] = await self.send(self.message(type_, sequence, **body))
        return outcome


ADA: dict[str, Any] = {"external_id": "e1", "user_name": "ada", "display_name": "Ada", "organization": "n"}


@pytest.fixture
async def sender(house: House) -> Sender:
    district = house.organizations["district"]["id"]
    mapping = {"Lehrkraft": ["learner", "observable"]}
    made = await house.system.post("/v1/upstreams", name="hr", org_id=district, mapping=mapping)
    one = Sender(house, made)
    await one.say("organization.upsert", external_id="n", name="North")
    return one


async def user(sender: Sender, outcome: Mapping[str, Any]) -> Any:
    return await sender.house.system.get(f"/v1/users/{outcome['user_id']}")


async def test_a_person_is_made_with_roles_in_the_senders_words(sender: Sender) -> None:
    outcome = await sender.say("user.upsert", **ADA, roles=["Lehrkraft", "Hausmeister"])
    assert (outcome["status"], outcome["unmapped_roles"], outcome["user_version"]) == ("taken", ["Hausmeister"], 1)
    made = await user(sender, outcome)
    assert (made["user_name"], made["status"]) == ("ada", "active")
    assert {one["role"] for one in made["roles"]} == {"learner", "observable"}


async def test_the_same_message_twice_is_done_once_and_a_lower_sequence_is_stale(sender: Sender) -> None:
    message = sender.message("user.upsert", 20, **ADA, roles=["learner"])
    first = await sender.send(message)
    assert [one["status"] for one in first] == ["taken"]
    assert await sender.send(message) == []
    assert (await sender.say("user.upsert", 19, **{**ADA, "display_name": "Old"}))["status"] == "stale"
    assert (await user(sender, first[0]))["display_name"] == "Ada"


async def test_roles_that_come_before_their_person_wait_for_them(sender: Sender) -> None:
    outcome = await sender.say("roles.add", 30, external_id="e1", roles=["observer"])
    assert (outcome["status"], outcome["user_id"]) == ("taken", None)
    made = await user(sender, await sender.say("user.upsert", 20, **ADA, roles=["learner"]))
    assert {one["role"] for one in made["roles"]} == {"learner", "observer"}


async def test_a_life_in_one_batch(sender: Sender) -> None:
    outcomes = await sender.send(
        sender.message("organization.upsert", external_id="s", name="South", parent_external_id="n"),
        sender.message("user.upsert", **ADA, roles=["learner"]),
        sender.message("roles.remove", external_id="e1", roles=["learner"]),
        sender.message("user.transfer", external_id="e1", organization="s"),
        sender.message("user.archive", external_id="e1"),
    )
    assert {one["status"] for one in outcomes} == {"taken"}
    made = await user(sender, outcomes[1])
    assert (made["status"], made["roles"], made["version"]) == ("archived", [], 1)
    south = await sender.house.system.get(f"/v1/organizations/{made['org_id']}")
    assert south["name"] == "South"


async def test_who_is_deleted_stays_so_and_leaves_nothing_personal(sender: Sender) -> None:
    made = await sender.say("user.upsert", **ADA)
    assert (await sender.say("user.delete", external_id="e1"))["status"] == "taken"
    again = await sender.say("user.upsert", **ADA)
    assert (again["status"], again["detail"]) == ("refused", "the person was deleted by this upstream, and stays so")
    assert (await user(sender, made))["status"] == "deleted"


async def test_somebody_known_by_user_name_is_linked_but_not_out_of_reach(house: House) -> None:
    north, south = (house.organizations[name]["id"] for name in ("north", "south"))
    near = await house.person("ada", "north")
    await house.person("bob", "south", roles=["org_admin"])
    sender = Sender(house, await house.system.post("/v1/upstreams", name="hr", org_id=north))
    await sender.say("organization.upsert", external_id="n", name="North Wing")
    linked = await sender.say("user.upsert", **ADA)
    assert (linked["status"], linked["user_id"]) == ("taken", near["id"])
    refused = await sender.say("user.upsert", **{**ADA, "external_id": "e2", "user_name": "Bob"})
    assert refused["status"] == "refused"
    assert "does not act for" in refused["detail"]
    await house.system.post(
        "/v1/users", org_id=south, user_name="eve", display_name="Eve", external_id="e3", source="hr"
    )
    assert (await sender.say("user.archive", external_id="e3"))["status"] == "refused"


@pytest.mark.parametrize(
    ("type_", "body", "why"),
    [
        ("user.upsert", {**ADA, "organization": "nowhere"}, "organization 'nowhere' is not known"),
        ("user.upsert", {"external_id": "e1"}, "/user_name: Field required"),
        ("user.upsert", {**ADA, "tenant_id": str(new_id())}, "/tenant_id"),
        ("user.upsert", {**ADA, "source": "other"}, "/source"),
        ("user.upsert", {**ADA, "display_name": "A\x00"}, "NUL"),
        ("user.promote", {}, "is no command"),
        ("outcome", {"command_id": "1", "status": "taken"}, "is no command"),
        ("login", {"external_id": "nobody", "at": "2026-09-01T08:00:00Z"}, "nobody is known"),
        ("organization.upsert", {"external_id": "x", "name": "X", "time_zone": "Mars"}, "'Mars' is no IANA time zone"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(
    sender: Sender, type_: str, body: dict[str, Any], why: str
) -> None:
    outcome = await sender.say(type_, **body)
    assert outcome["status"] == "refused"
    assert why in outcome["detail"]


async def test_a_time_of_tomorrow_is_refused_and_one_of_now_orders(sender: Sender) -> None:
    at = sender.house.runtime.clock.now()
    message = sender.message("user.upsert", **ADA)
    for moment, status in ((at + timedelta(minutes=6), "refused"), (at, "taken"), (at - timedelta(hours=1), "stale")):
        headers = {"ce-id": str(new_id()), "ce-time": moment.isoformat()}
        changed = Message(message.routing_key, message.content_type, headers, message.body)
        assert [one["status"] for one in await sender.send(changed)] == [status]


async def test_a_login_is_told_to_usage(sender: Sender) -> None:
    made = await sender.say("user.upsert", **ADA)
    at = sender.house.runtime.clock.now()
    read, _ = read_commands(sender.message("login", external_id="e1", at=at.isoformat()))
    await sender.applier.run(read, [])
    told = [fact for key, _, fact in await sender.house.facts() if key == "identity.user.logged_in.v1"]
    assert [(one["user_id"], one["method"]) for one in told] == [(made["user_id"], "sso")]


async def test_beyond_the_quota_is_refused_until_the_minute_is_over(sender: Sender) -> None:
    path = f"/v1/upstreams/{sender.upstream['id']}"
    await sender.house.system.patch(path, quota=2)
    sender.house.pass_time(minutes=1)
    messages = [
        sender.message("user.upsert", **{**ADA, "external_id": f"q{n}", "user_name": f"q{n}"}) for n in range(3)
    ]
    outcomes = await sender.send(*messages)
    assert [one["status"] for one in outcomes] == ["taken", "taken", "refused"]
    assert "quota of 2 commands a minute" in outcomes[2]["detail"]
    sender.house.pass_time(minutes=1)
    assert [one["status"] for one in await sender.send(messages[2])] == ["taken"]


async def test_whom_nobody_can_be_told_of_is_a_dead_letter(sender: Sender) -> None:
    message = sender.message("user.archive", external_id="e1")
    tenant = sender.upstream["tenant_id"]
    strange = [
        Message("hr.user.archive", message.content_type, message.headers, message.body),
        Message(f"{tenant}.other.upstream.user.archive.v1", message.content_type, message.headers, message.body),
        Message(message.routing_key, message.content_type, {}, message.body),
    ]
    read = [read_commands(one) for one in strange]
    await sender.applier.run([one for taken, _ in read for one in taken], [one for _, bad in read for one in bad])
    dead = [attributes for key, attributes, _ in await sender.house.facts() if key == "identity.dead"]
    assert {one["deadreason"] for one in dead} == {"unreadable_key", "unknown_upstream", "invalid"}


async def test_a_command_in_the_name_of_an_upstream_of_another_kind_is_a_dead_letter(sender: Sender) -> None:
    org = sender.house.organizations["district"]["id"]
    await sender.house.system.post("/v1/upstreams", name="other", kind="scim", org_id=org)
    message = sender.message("user.archive", external_id="e1")
    key = f"{sender.upstream['tenant_id']}.other.upstream.user.archive.v1"
    taken, bad = read_commands(Message(key, message.content_type, message.headers, message.body))
    await sender.applier.run(taken, bad)
    dead = [attributes for fact, attributes, _ in await sender.house.facts() if fact == "identity.dead"]
    assert [one["deadreason"] for one in dead] == ["unknown_upstream"]


async def test_an_upstream_is_kept_by_who_administers_its_organization(house: House) -> None:
    north, south = (house.organizations[name]["id"] for name in ("north", "south"))
    admin = await house.as_person(await house.person("admin", "north", roles=["org_admin"]))
    made = await admin.post("/v1/upstreams", name="hr", org_id=north, mapping={"Lehrkraft": ["learner"]}, quota=5)
    assert made["routing_keys"] == f"{made['tenant_id']}.hr.upstream.#"
    path = f"/v1/upstreams/{made['id']}"
    assert (await admin.patch(path, quota=9))["quota"] == 9
    stale = await admin.ask("PATCH", path, json={"quota": 7}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert [one["name"] for one in (await admin.get("/v1/upstreams"))["items"]] == ["hr"]
    wrong = {"name": "sso", "org_id": north, "mapping": {"boss": ["system_admin"]}}
    assert (await admin.ask("POST", "/v1/upstreams", json=wrong)).status_code == 422
    assert (await admin.ask("POST", "/v1/upstreams", json={"name": "hr", "org_id": north})).status_code == 409
    assert (await admin.ask("POST", "/v1/upstreams", json={"name": "b", "org_id": south})).status_code == 404
    other = await house.as_person(await house.person("other", "south", roles=["org_admin"]))
    assert (await other.ask("GET", path)).status_code in (403, 404)
    ok(await admin.ask("DELETE", path))
    assert (await admin.ask("GET", path)).status_code == 404
    again = await admin.post("/v1/upstreams", name="hr", org_id=north)
    assert again["version"] > made["version"]
