"""A tenant with something of every kind, and who is in it: its administrators, reporters, and people without a say."""

import asyncio
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aio_pika
import httpx2
from pydantic import SecretStr
from tests.integration.system import District, System, eventually
from tests.openapi.seeding import Seeded, ask_for_transfer, export_of, machine_of, schedule_of, seed

from usher_cli.clients.calls import ServiceClient, new_trace_id
from usher_cli.clients.session import Session
from usher_cli.importing import follow
from usher_contracts.envelope import routing_key
from usher_contracts.topology import UPSTREAM, events_queue
from usher_contracts.upstream import Command, OrganizationUpsert, RolesRemove, UserUpsert
from usher_contracts.usage import SeatActivityChanged
from usher_kit.ids import new_id
from usher_kit.links import SeatLink, sign

from .packing import roster

PASSWORD = "a long enough password"  # not one of anybody's

Things = Mapping[str, Sequence[str]]
"""What somebody's requests may name, by kind; the first of each is what they do name."""


@dataclass(frozen=True)
class Tenant:
    """One of the two."""

    seeded: Seeded
    mark: str
    """A word in every name of it."""
    things: Things
    east: Things
    """What of it is the first school's; what is not there is of the tenant."""
    west: Things
    people: Mapping[str, str]
    """Who may sign in, by what they are."""

    @property
    def id(self) -> str:
        return self.seeded.district.id


def fill(system: System, session: Session, mark: str) -> Tenant:
    """Make a tenant with something of every kind."""
    seeded = seed(session, mark)
    east, west = (District(session, school, mark) for school in seeded.schools)
    people = {
        "admin": seeded.admin,
        "reporter": seeded.district.person("reporter", "reporter"),
        "learner": east.person("plain", "observer"),
        "east admin": east.person("principal", "org_admin"),
        "east reporter": east.person("clerk", "reporter"),
    }
    jobs = [seeded.job, *imported(session, seeded, mark)]
    things = {
        "organization": [seeded.district.id],
        "elsewhere": [seeded.schools[1]],
        "tenant": [seeded.district.id],
        "person": [seeded.crowd[0]],
        "held": [seeded.crowd[1]],
        "user_name": [session.identity.find_user(seeded.crowd[0])["user_name"]],
        "taken_name": [session.identity.find_user(seeded.crowd[2])["user_name"]],
        "word": [mark],
        "actor": [f"user:{seeded.admin}"],
        "target": [seeded.crowd[3]],
        "term": seeded.known["term_id"],
        "pool": [pool := str(session.entitlements.pool(seeded.district.id, "learn")["id"])],
        "waiting": waiting(session, pool),
        "job": jobs,
        "change_set": seeded.known["set_id"],
        "transfer": seeded.known["transfer_id"],
        "license_request": seeded.known["request_id"],
        "upstream": [upstream(session, seeded.district.id, "hr")],
        "provider": seeded.known["provider_id"],
        "machine": seeded.known["machine_id"],
        "export": seeded.known["export_id"],
        "schedule": seeded.known["schedule_id"],
        "bi_user": seeded.known["bi_user_id"],
        "session": [sign_in(session, people["admin"])],
        "keep_link": [keep_link(system, seeded.district.id, seeded.crowd[0])],
        "dead_letter": [str(new_id())],
    }
    settle_for(session, seeded, people)
    tell_by_upstream(system, seeded.district.id, "hr", mark)
    eventually(lambda: session.identity.users(q=f"hr.{mark}")["items"])
    return Tenant(seeded, mark, things, of_school(session, east, things), of_school(session, west, things), people)


def of_school(session: Session, school: District, things: Things) -> Things:
    """What is a school's own."""
    kin = f"kin{school.id[-6:]}"
    one = school.person(kin, "learner")
    return {
        **things,
        "elsewhere": [school.id],
        "word": [kin],
        "organization": [school.id],
        "person": [one],
        "user_name": [name := session.identity.find_user(one)["user_name"]],
        "taken_name": [name],
        "actor": [f"user:{one}"],
        "target": [session.identity.find_user(school.person("target"))["id"]],
        "held": [one],
        "license_request": [request_for(session, school)],
        "transfer": [ask_for_transfer(session, school, District(session, things["tenant"][0], school.mark))],
        "upstream": [upstream(session, school.id, f"hr-{school.id[-4:]}")],
        "session": [sign_in(session, one)],
        "machine": [machine_of(session, school.id)],
        "export": [export_of(session, school.id)],
        "schedule": [schedule_of(session, school.id)],
    }


def request_for(session: Session, school: District) -> str:
    wanted = {"org_id": school.id, "product": "observe", "seats": 2}
    return str(session.entitlements.ask_for_seats(wanted)["id"])


def imported(session: Session, seeded: Seeded, mark: str) -> list[str]:
    """An import with rows that could not be taken, and a dry run with people as they would be."""
    started = []
    for dry_run in (False, True):
        files = {"file": (f"{mark}.zip", io.BytesIO(roster(f"{mark}-{dry_run}".lower())), "application/zip")}
        form = {"tenant_id": seeded.district.id, "source": "sis", "dry_run": str(dry_run).lower()}
        job = session.identity.calls.send("POST", "/v1/imports", files=files, data=form).json()["id"]
        follow(session, session.identity.job(job), lambda _: None)
        started.append(str(job))
    return started


def waiting(session: Session, pool: str) -> list[str]:
    """Who waits, the last first: others are seated before them."""
    eventually(lambda: len(session.entitlements.waitlist(pool)["items"]) > 5)
    return [str(one["user_id"]) for one in reversed(session.entitlements.waitlist(pool)["items"])]


def upstream(session: Session, org_id: str, name: str) -> str:
    return str(session.identity.calls.post("/v1/upstreams", {"name": name, "org_id": org_id})["id"])


def sign_in(session: Session, person: str) -> str:
    """Sign a person in by the page. Returns the session's id."""
    browser(session, person).close()
    return str(session.identity.calls.get("/v1/sessions", user_id=person)["items"][0]["id"])


def browser(session: Session, person: str) -> httpx2.Client:
    """A browser in which the person is signed in at the console."""
    session.identity.set_password(person, PASSWORD)
    name = session.identity.find_user(person)["user_name"]
    http = httpx2.Client(follow_redirects=True, timeout=30)
    page = http.get(f"{session.environment.url('console')}/sign-in")
    answer = http.post(page.url, data={"user_name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return http


def machine_token(session: Session, org_id: str, *scopes: str) -> str:
    """The token of a machine client that was made for it."""
    body = {"name": "walks", "org_id": org_id, "scopes": scopes}
    made = session.identity.calls.post("/v1/clients", body)
    secret = (made["client_id"], made["client_secret"])
    answer = session.http.post(made["token_endpoint"], data={"grant_type": "client_credentials"}, auth=secret)
    return str(answer.raise_for_status().json()["access_token"])


def keep_link(system: System, tenant_id: str, person: str) -> str:
    """As it stands in a warning's mail."""
    until = datetime.now(UTC) + timedelta(days=1)
    return sign(
        SeatLink(UUID(tenant_id), UUID(person), "learn"), SecretStr(system.settings["USHER_LINK_SECRET"]), until
    )


def settle_for(session: Session, seeded: Seeded, people: Mapping[str, str]) -> None:
    """What is set, entered, told, kept and withheld besides; each service keeps what it answered to one of the acts."""
    district, learner = seeded.district.id, people["learner"]
    identity, entitlements, usage = session.identity, session.entitlements.calls, session.service("usage")
    identity.set_calendar(district, [{"name": "Winter", "first": "2026-12-20", "last": "2027-01-03"}])
    for service, verb, path, body in (
        ("identity", "PUT", "/v1/settings", {"org_id": district, "loss_share_percent": 25}),
        ("entitlements", "PUT", "/v1/settings", {"org_id": district, "notice_days": [60, 30]}),
        ("usage", "PUT", "/v1/policies", {"org_id": district, "product": "learn", "window_days": 45}),
        ("notifications", "PUT", "/v1/subscriptions", {"kind": "transfer_asked", "muted": True}),
    ):
        as_admin(session, seeded.admin, verb, service, path, body)
    rules = entitlements.get("/v1/grant-rules", org_id=district)["items"]
    wanted = [{"role": one["role"], "product": one["product"], "priority": 1} for one in rules]
    session.entitlements.set_grant_rules(district, wanted, dry_run=False)
    identity.tell_logins([{"user_id": seeded.admin, "at": (datetime.now(UTC) - timedelta(days=1)).isoformat()}])
    eventually(lambda: usage.post(f"/v1/activity/{seeded.admin}/observe:keep", {}))
    eventually(lambda: entitlements.post(f"/v1/seats/{learner}/observe:withhold", {"note": "not now"}))
    removed = seeded.district.person("removed", "reporter")
    identity.set_roles(removed, ["observable"], new_trace_id())


def as_admin(session: Session, person: str, verb: str, service: str, path: str, body: Any) -> None:
    token = session.credentials.of_person(person)["access_token"]
    calls = ServiceClient(service, session.environment.url(service), session.http, lambda: token)
    calls.send(verb, path, json=body, headers={"Idempotency-Key": str(new_id())})


def tell_by_upstream(system: System, tenant_id: str, name: str, mark: str) -> None:
    """An upstream makes a unit and a person in it, and takes a role from somebody."""
    address = f"hr@{mark.lower()}.example.org"
    unit = {"external_id": "hr-unit", "name": f"By HR {mark}", "parent_external_id": "district"}
    one = {"external_id": f"hr-{mark}", "user_name": f"hr.{mark}", "display_name": f"By HR {mark}", "email": address}
    told: list[tuple[type[Command], Mapping[str, Any]]] = [
        (OrganizationUpsert, unit),
        (UserUpsert, {**one, "organization": "hr-unit", "roles": ["learner"]}),
        (RolesRemove, {"external_id": f"hr-{mark}", "roles": ["learner"]}),
    ]

    async def publish() -> None:
        async with system.channel() as channel:
            exchange = await channel.get_exchange(UPSTREAM)
            for number, (command, body) in enumerate(told, start=1):
                headers: dict[str, Any] = {"ce-id": str(new_id()), "ce-sequence": str(number)}
                message = aio_pika.Message(json.dumps(body).encode(), headers=headers, content_type="application/json")
                await exchange.publish(message, f"{tenant_id}.{name}.{routing_key(command.type)}")

    asyncio.run(publish())


async def leave_dead_letter(system: System, tenant: Tenant) -> None:
    """A fact of the tenant's that cannot be applied comes to lie among notifications' dead letters."""
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": tenant.things["dead_letter"][0],
        "source": "/usher/usage",
        "type": SeatActivityChanged.type,
        "subject": tenant.things["person"][0],
        "time": "2026-01-01T00:00:00Z",
        "tenantid": tenant.id,
    }
    headers = {f"ce-{name}": value for name, value in attributes.items()}
    async with system.channel() as channel:
        message = aio_pika.Message(b'{"broken": "' + tenant.mark.encode() + b'"}', headers=headers)
        message.content_type = "application/json"
        await channel.default_exchange.publish(message, events_queue("notifications").name)
