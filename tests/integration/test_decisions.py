"""What somebody is asked to decide, over all services: more seats asked for and answered, and held changes."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial

import pytest

from usher_cli.clients.calls import ServiceClient
from usher_cli.clients.session import Session
from usher_cli.demo import clock
from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.ids import new_id

from .system import SYSTEM, District, System, Time, eventually, mail_to, settle

pytestmark = SYSTEM

BEGAN = datetime.now(UTC) - timedelta(days=2)
"""The story is told in the past, so that the clock ends at the real now."""


@pytest.fixture
def moved(system: System, session: Session) -> Iterator[Time]:
    time = Time(clock.clock_file(session.environment), session)
    time.reach(BEGAN)
    yield time
    time.reach(datetime.now(UTC))


@pytest.fixture
def district(moved: Time, session: Session) -> District:
    made = session.identity.create_organization({"name": f"Deciding District {new_id()}", "kind": "district"})
    return District(session, str(made["id"]))


def administrator(session: Session, org_id: str, role: str) -> tuple[str, str]:
    """Somebody who decides, with an address. Returns their id and the address."""
    address = f"{role}-{new_id()}@decide.example.org"
    body = {"org_id": org_id, "user_name": address, "display_name": role, "email": address, "roles": [role]}
    return str(session.identity.create_user(body)["id"]), address


def acting_as(session: Session, user: str, service: str) -> ServiceClient:
    token = str(session.credentials.of_person(user)["access_token"])
    return ServiceClient(service, session.environment.url(service), session.http, lambda: token)


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return " ".join(str(body.get_content()).split())


def pending(session: Session, org_id: str, kind: str) -> int:
    found = session.service("notifications").get("/v1/deliveries", org_id=org_id, kind=kind, status="pending")
    return len(found["items"])


def test_seats_are_asked_for_bought_and_the_answer_is_told(
    system: System, session: Session, district: District, moved: Time
) -> None:
    term = {"org_id": district.id, "product": "learn", "seats": 1, "starts_at": (BEGAN - timedelta(days=1)).isoformat()}
    ends_at = (BEGAN + timedelta(days=300)).isoformat()
    eventually(lambda: session.entitlements.create_term({**term, "ends_at": ends_at}))
    asker, to_asker = administrator(session, district.id, "org_admin")
    _, to_operator = administrator(session, str(OPERATORS_TENANT), "system_admin")
    eventually(lambda: session.entitlements.seats_of(asker)["items"][0]["state"] == "assigned")
    waiting = district.person("ann", "learner")
    eventually(lambda: session.entitlements.seats_of(waiting)["items"][0]["state"] == "waitlisted")

    mine = acting_as(session, asker, "entitlements")
    asked = mine.post("/v1/license-requests", {"org_id": district.id, "product": "learn", "seats": 3, "note": "soon"})
    assert asked["figures"] | {"capacity": 1, "assigned": 1, "waitlisted": 1, "waitlisted_here": 1} == asked["figures"]
    eventually(lambda: pending(session, district.id, "license_request") >= 1)
    moved.reach(BEGAN + timedelta(minutes=5))
    eventually(partial(mail_to, system, to_operator))
    [told] = mail_to(system, to_operator)
    assert "asks for 3 more Learn seats" in told["Subject"]
    [answer] = set(re.findall(r"usher licenses answer (\S+) granted", plain(told)))
    assert answer == asked["id"]

    bought = session.entitlements.create_term({**term, "seats": 3, "ends_at": ends_at})
    said = {"verdict": "granted", "license_term_id": bought["id"]}
    session.entitlements.act_on_license_request(asked["id"], "answer", said)
    eventually(lambda: session.entitlements.seats_of(waiting)["items"][0]["state"] == "assigned")
    eventually(lambda: pending(session, district.id, "license_answer") == 1)
    moved.reach(BEGAN + timedelta(minutes=10))
    eventually(partial(granted_mail, system, to_asker))
    acts = partial(session.service("reporting").get, "/v1/audit", org_id=district.id, target=asked["id"])
    eventually(lambda: len(acts()["items"]) == 2)
    assert [(one["act"], one["outcome"]) for one in acts()["items"]] == [
        ("license_request.answer", "done"),
        ("license_request.ask", "done"),
    ]
    settle(session)


def granted_mail(system: System, address: str) -> bool:
    return "Your request for 3 more Learn seats was granted" in [mail["Subject"] for mail in mail_to(system, address)]


def test_held_changes_are_told_once_and_no_more_when_they_are_decided(
    system: System, session: Session, district: District, moved: Time
) -> None:
    _, address = administrator(session, district.id, "org_admin")
    people = [district.person(f"teacher-{number}", "learner") for number in range(12)]
    body = json.dumps({"users": people, "act": "archive"}).encode()
    job = session.identity.bulk(body, "application/json", org_id=district.id, dry_run=False)
    eventually(lambda: session.identity.job(job["id"])["state"] == "done")
    [held] = session.identity.change_sets(org_id=district.id, state="held")["items"]
    eventually(lambda: pending(session, district.id, "changes_held") == 1)
    moved.reach(BEGAN + timedelta(minutes=5))

    def told() -> list[EmailMessage]:
        return [mail for mail in mail_to(system, address) if "wait for your decision" in mail["Subject"]]

    eventually(told)
    assert f"usher held approve {held['id']}" in plain(told()[0])
    assert "12 of 13 people" in plain(told()[0])
    session.identity.decide_on(held["id"], "reject", [])
    for minutes in (10, 200):
        moved.reach(BEGAN + timedelta(minutes=minutes))
        settle(session)
    assert len(told()) == 1
    assert pending(session, district.id, "changes_held") == 0
