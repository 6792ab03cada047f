"""Somebody with a full life is erased: nothing names them anywhere, and what was counted of them is as it was."""

import asyncio
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import aio_pika
import pytest
import redis
from typer.testing import CliRunner

from usher_cli.clients.calls import RefusedError
from usher_cli.clients.session import Session
from usher_cli.main import app
from usher_contracts.topology import EVENTS
from usher_kit.ids import new_id

from .system import SYSTEM, District, System, eventually, settle
from .test_upstream import usher as usher_upstream

pytestmark = SYSTEM

Remains = Callable[[str, Iterable[str]], set[str]]


@pytest.fixture
def mark() -> str:
    """A word in everything by which the person is known."""
    return f"zq{new_id().hex[-12:]}"


def usher(system: System, *arguments: str) -> Any:
    result = CliRunner().invoke(app, list(arguments), obj=system.around)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


def live(system: System, session: Session, district: District, mark: str) -> str:
    """A person whom an upstream knows too, with a password, a session, a seat, logins, a transfer that is asked for."""
    identity = session.service("identity")
    upstream = usher_upstream(system, "add", "hr", "--org", district.id, "--kind", "scim", "--json")
    person = identity.post(
        "/v1/users",
        {
            "org_id": district.id,
            "user_name": f"{mark}.user",
            "display_name": f"Zelda {mark}",
            "email": f"{mark}@mail.example.org",
            "roles": ["learner"],
            "source": "sis",
            "external_id": f"{mark}-7",
        },
    )
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"{mark}.user"}
    name = {"name": {"givenName": "Zelda", "familyName": mark}, "emails": [{"value": f"{mark}@mail.example.org"}]}
    told = session.http.post(
        f"{upstream['url']}/Users", json={**body, **name}, headers={"Authorization": f"Bearer {upstream['token']}"}
    )
    assert told.status_code == 201, told.text
    user = str(person["id"])
    session.identity.set_password(user, "a long enough password")
    headers = {"Idempotency-Key": str(new_id())}
    identity.send("PATCH", f"/v1/users/{user}", json={"display_name": f"Zelda Ann {mark}"}, headers=headers)
    eventually(lambda: [one["state"] for one in session.entitlements.seats_of(user)["items"]].count("assigned"))
    session.identity.tell_logins([{"user_id": user, "at": session.entitlements.seats_of(user)["items"][0]["since"]}])
    eventually(lambda: district.assigned("learn") == 2)
    assert usher(system, "users", "list", mark, "--org", district.id)
    usher(system, "users", "roles", f"{mark}.user", "--add", "observer")
    usher_upstream(system, "remove", upstream["id"])
    return user


def go_wrong(system: System, session: Session, district: District, mark: str) -> None:
    """What is refused and cannot be applied, and says the mark in every place where it might be told of."""
    identity = session.service("identity")
    named = {"org_id": district.id, "user_name": f"{mark}.two", "display_name": f"Zelda {mark}"}
    for wrong in ({"email": f"{mark} at home"}, {"display_name": f"{mark}\x00"}, {"status": mark}, {"org_id": mark}):
        with pytest.raises(RefusedError):
            identity.post("/v1/users", {**named, **wrong})
    for method, path in (("PUT", f"/v1/users/{mark}/roles"), ("GET", f"/v1/nowhere/{mark}?email={mark}")):
        with pytest.raises(RefusedError):
            identity.send(method, path, json={"roles": []})
    login = {"grant_type": "client_credentials", "client_id": mark, "client_secret": f"secret-{mark}"}
    assert session.http.post(f"{system.settings['USHER_IDENTITY_URL']}/oauth/token", data=login).is_client_error
    asyncio.run(publish_unreadable(system, mark))
    eventually(lambda: session.service("reporting").get("/v1/dead-letters")["items"])


async def publish_unreadable(system: System, mark: str) -> None:
    """A fact of the person that reporting can't apply."""
    async with system.channel() as channel:
        body = json.dumps({"id": mark, "email": f"{mark}@mail.example.org"}).encode()
        message = aio_pika.Message(body, headers={"ce-id": str(new_id())}, content_type="application/json")
        await (await channel.get_exchange(EVENTS)).publish(message, "identity.user.changed.v1")


def in_redis(system: System, mark: str) -> list[bytes]:
    """The keys that hold or are named by the mark."""
    with redis.Redis.from_url(system.settings["USHER_REDIS_URL"]) as cache:
        held = {key: cache.get(key) for key in cache.scan_iter() if cache.type(key) == b"string"}
    return [key for key, value in held.items() if mark.encode() in key + (value or b"")]


def in_files(system: System, mark: str) -> list[str]:
    """The files that processes have written, logs and spans among them; but for the mail that went out."""
    home = Path(system.settings["USHER_CLOCK_FILE"]).parent
    files = [one for one in home.rglob("*") if one.is_file() and "mail" not in one.parts]
    assert any(one.suffix == ".log" for one in files)
    return [one.name for one in files if mark.encode() in one.read_bytes()]


def figures(session: Session, district: District) -> dict[str, Any]:
    claims = session.service("reporting").get("/v1/claims", org_id=district.id, limit=500)["items"]
    return {
        "learn": {name: one for name, one in district.figures("learn").items() if name != "as_of"},
        "claims": sorted((one["product"], one["kind"], one["reason"], one["at"]) for one in claims),
    }


def test_nothing_names_who_was_erased_and_all_that_was_counted_stays(
    system: System, session: Session, district: District, mark: str, remains: Remains
) -> None:
    district.license("learn", 3)
    district.person("bob", "learner")
    user = live(system, session, district, mark)
    found = {service: remains(url, [mark]) for service, url in system.databases.items()}
    assert {"person", "person_link", "scim_resource", "idempotency_key"} <= found["identity"]
    assert [found["reporting"], found["notifications"]] == [{"profile"}, {"profile"}]
    session.service("identity").send("PATCH", f"/v1/users/{user}", json={"status": "archived"})
    eventually(lambda: district.assigned("learn") == 1)
    settle(session)
    before = figures(session, district)
    go_wrong(system, session, district, mark)
    assert f"Zelda Ann {mark}" in CliRunner().invoke(app, ["users", "erase", user], obj=system.around).stderr
    assert usher(system, "users", "erase", user, "--yes", "--json")["done_at"]
    settle(session)
    assert {service: remains(url, [mark]) for service, url in system.databases.items()} == {
        service: set() for service in system.databases
    }
    assert (in_redis(system, mark), in_files(system, mark)) == ([], [])
    assert figures(session, district) == before
    usher(system, "audit", "verify", "--tenant", district.id)
