"""Erasing a person: who may, what is left of them in identity, and that nothing brings them back."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_contracts.topology import dead_queue
from usher_identity.erasing import finish_erasures
from usher_identity.settings import IdentitySettings
from usher_kit import dead_letters
from usher_kit.topology import declare

from .story import House, ok
from .test_commands import Sender
from .test_imports import take, users

MARKS = ("zelda.quist", "Zelda Quist", "zq@mail.example.org", "ZQ-77", "quist")
ROW = "ZQ-77 teacher zelda.quist"
ZELDA: dict[str, Any] = {
    "external_id": "ZQ-77",
    "user_name": "zelda.quist",
    "display_name": "Zelda Quist",
    "email": "zq@mail.example.org",
}


@pytest.fixture
async def broker(vhost: str) -> AsyncIterator[AbstractConnection]:
    async with await aio_pika.connect(vhost) as connection:
        await declare(connection)
        yield connection


@pytest.fixture
def settings(settings: IdentitySettings, vhost: str) -> IdentitySettings:
    return settings.model_copy(update={"rabbitmq_url": vhost})


@pytest.fixture
async def sender(house: House) -> Sender:
    """The upstream of a district whose people an import has brought in."""
    await take(house, users(ROW, ROW), source="sis")
    for name, called in (("fir", "Fir District"), ("oak", "Oak School"), ("elm", "Elm School")):
        [house.organizations[name]] = (await house.system.get("/v1/organizations", q=called))["items"]
    one = Sender(house, await house.system.post("/v1/upstreams", name="hr", org_id=house.organizations["fir"]["id"]))
    await one.say("organization.upsert", external_id="n", name="North")
    return one


async def write_letter(connection: AbstractConnection, service: str, body: str, **headers: str) -> None:
    channel = await connection.channel()
    message = aio_pika.Message(body.encode(), headers={f"ce-{name}": value for name, value in headers.items()})
    await channel.default_exchange.publish(message, dead_queue(service).name)


async def live(house: House, sender: Sender, broker: AbstractConnection) -> Any:
    """A person whom an upstream, an import, a transfer, bulk acts, a password and dead letters know of."""
    made = await sender.say("user.upsert", **ZELDA, organization="n", roles=["learner"])
    id_ = made["user_id"]
    keyed = {"headers": {"Idempotency-Key": "once"}, "json": {"display_name": "Zelda Ann Quist"}}
    ok(await house.system.ask("PATCH", f"/v1/users/{id_}", **keyed))
    north = (await house.system.get(f"/v1/users/{id_}"))["org_id"]
    house.organizations["n"] = {"id": north}
    admin = await house.as_person(await house.person("admin", "n", roles=["org_admin"]))
    await admin.post(f"/v1/users/{id_}:transfer", org_id=house.organizations["elm"]["id"], note="Zelda Quist wants it")
    ok(await house.system.ask("POST", f"/v1/users/{id_}/password", json={"password": "a long enough password"}))
    await write_letter(broker, "identity", '{"external_id": "ZQ-77"}', tenantid=house.organizations["fir"]["id"])
    await write_letter(broker, "identity", "no json, of zelda.quist")
    await write_letter(broker, "identity", '{"external_id": "other"}')
    profile = "usher.identity.user_profile.changed.v1"
    await write_letter(broker, "reporting", '{"display_name": "Zelda Quist"}', type=profile, subject=id_)
    return await house.system.get(f"/v1/users/{id_}")


async def erase(house: House, person: Mapping[str, Any]) -> Any:
    await house.system.patch(f"/v1/users/{person['id']}", status="archived")
    erased = await house.system.post(f"/v1/users/{person['id']}:erase")
    await finish_erasures(house.runtime)
    return erased


async def test_nothing_is_left_that_names_the_person(
    house: House,
    sender: Sender,
    broker: AbstractConnection,
    service_database: str,
    remains: Callable[[str, Iterable[str]], set[str]],
) -> None:
    zelda = await live(house, sender, broker)
    named = remains(service_database, MARKS)
    assert {"person", "person_link", "person_said", "upstream_said", "job_issue", "idempotency_key"} <= named
    erased = await erase(house, zelda)
    assert (erased["status"], erased["display_name"], erased["email"]) == ("deleted", "", None)
    assert (erased["user_name"], erased["external_ids"], erased["roles"]) == (f"deleted-{zelda['id']}", [], [])
    await house.facts()
    assert remains(service_database, MARKS) == set()
    left = {service: await dead_letters.look(broker, service) for service in ("identity", "reporting")}
    assert [one.body for one in left["identity"]] == ['{"external_id": "other"}']
    assert left["reporting"] == []


async def test_others_are_told_a_blank_profile_and_a_tombstone(house: House, broker: AbstractConnection) -> None:
    zelda = await house.person("zelda", external_id="ZQ-77", email="zq@mail.example.org", roles=["learner"])
    await house.system.patch(f"/v1/users/{zelda['id']}", status="archived")
    await house.facts()
    await house.system.post(f"/v1/users/{zelda['id']}:erase")
    told = {key: fact for key, _, fact in await house.facts()}
    assert told["identity.user.changed.v1"]["status"] == "deleted"
    profile = told["identity.user_profile.changed.v1"]
    assert (profile["external_id"], profile["display_name"], profile["email"]) == (None, "", None)
    act = told["identity.audit.recorded.v1"]
    assert (act["act"], act["target"], act["outcome"]) == ("user.erase", zelda["id"], "done")
    assert "ZQ-77" not in str(act)


async def test_no_source_brings_them_back(house: House, sender: Sender, broker: AbstractConnection) -> None:
    made = await sender.say("user.upsert", **ZELDA, organization="n")
    zelda = await house.system.get(f"/v1/users/{made['user_id']}")
    await erase(house, zelda)
    again = await sender.say("user.upsert", **ZELDA, organization="n")
    assert (again["status"], again["user_id"]) == ("refused", None)
    await take(house, users(ROW), source="sis")
    assert (await house.system.get("/v1/users", q="zelda"))["items"] == []


async def test_only_who_is_archived_is_erased_and_once(house: House, broker: AbstractConnection) -> None:
    zelda = await house.person("zelda")
    path = f"/v1/users/{zelda['id']}"
    refused = await house.system.ask("POST", f"{path}:erase")
    assert refused.status_code == 409
    assert "archive them first" in refused.json()["detail"]
    archived = await house.system.ask("PATCH", path, json={"status": "archived"})
    assert (await house.system.ask("POST", f"{path}:erase", headers={"If-Match": '"9.9"'})).status_code == 412
    shown = ok(await house.system.ask("POST", f"{path}:erase", params={"dry_run": "true"}))
    assert (shown["dry_run"], shown["people"][0]["status"]) == (True, "deleted")
    assert (await house.system.get(f"{path}/erasure"))["asked_at"] is None
    erased = await house.system.ask("POST", f"{path}:erase", headers={"If-Match": archived.headers["ETag"]})
    await house.facts()
    assert ok(await house.system.ask("POST", f"{path}:erase")) == ok(erased)
    assert await house.facts() == []


async def test_an_erasure_tells_when_it_is_done_and_when_that_is_due(house: House, broker: AbstractConnection) -> None:
    zelda = await house.person("zelda")
    await house.system.patch(f"/v1/users/{zelda['id']}", status="archived")
    await house.system.post(f"/v1/users/{zelda['id']}:erase")
    told = await house.system.get(f"/v1/users/{zelda['id']}/erasure")
    assert (told["asked_by"], told["done_at"], told["due_at"]) == ("client:cli", None, "2026-09-02T08:00:00Z")
    await finish_erasures(house.runtime)
    assert (await house.system.get(f"/v1/users/{zelda['id']}/erasure"))["done_at"] == "2026-09-01T08:00:00Z"


async def test_an_administrator_erases_their_own_people_and_no_others(house: House, broker: AbstractConnection) -> None:
    north, south = await house.person("nora", "north"), await house.person("sam", "south")
    for one in (north, south):
        await house.system.patch(f"/v1/users/{one['id']}", status="archived")
    admin = await house.as_person(await house.person("admin", "north", roles=["org_admin"]))
    assert (await admin.ask("POST", f"/v1/users/{south['id']}:erase")).status_code == 404
    assert (await admin.post(f"/v1/users/{north['id']}:erase"))["status"] == "deleted"
    reporter = await house.as_person(await house.person("rep", "south", roles=["reporter"]))
    assert (await reporter.ask("POST", f"/v1/users/{south['id']}:erase")).status_code == 403
    assert str(OPERATORS_TENANT) != north["tenant_id"]
