"""The way of an unused seat over all services: warned by mail, kept by its link or reclaimed, and given back."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest

from usher_cli.clients.session import Session
from usher_cli.demo import clock
from usher_kit.ids import new_id

from .system import SYSTEM, District, System, Time, eventually, mail_to, settle

pytestmark = SYSTEM

BEGAN = datetime.now(UTC) - timedelta(days=60)
"""The story is told in the past, so that the clock ends at the real now."""


def on_day(number: float) -> datetime:
    return BEGAN + timedelta(days=number)


@pytest.fixture
def moved(system: System, session: Session) -> Iterator[Time]:
    time = Time(clock.clock_file(session.environment), session)
    time.reach(BEGAN)
    yield time
    time.reach(datetime.now(UTC))


def holder(district: District, name: str) -> tuple[str, str]:
    """A learner with an address. Returns their id and the address."""
    address = f"{name}-{new_id()}@reclaim.example.org"
    body = {"org_id": district.id, "user_name": address, "display_name": name, "email": address, "roles": ["learner"]}
    return str(district.session.identity.create_user(body)["id"]), address


def log_in(session: Session, *people: str, at: datetime) -> None:
    session.identity.tell_logins([{"user_id": one, "at": at.isoformat(), "method": "sso"} for one in people])


def activity(session: Session, person: str) -> dict[str, Any]:
    """What usage says of a person's only seat."""
    [seat] = session.service("usage").get(f"/v1/activity/{person}")["seats"]
    return dict(seat)


def seat(session: Session, person: str) -> tuple[str, str]:
    [found] = session.entitlements.seats_of(person)["items"]
    return found["state"], found["reason"]


def link_in(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    [link] = re.findall(r"http://\S+/keep/\S+", str(body.get_content()))
    return str(link)


def test_an_unused_seat_is_kept_by_its_link_or_reclaimed_and_given_back(
    system: System, session: Session, moved: Time
) -> None:
    made = session.identity.create_organization({"name": f"Quiet District {new_id()}", "kind": "district"})
    district = District(session, str(made["id"]))
    (ann, anns), (bob, bobs) = holder(district, "ann"), holder(district, "bob")
    term = {"org_id": district.id, "product": "learn", "seats": 5, "starts_at": on_day(-1).isoformat()}
    eventually(lambda: session.entitlements.create_term({**term, "ends_at": on_day(400).isoformat()}))
    days = {"warn_days": 10, "window_days": 20, "reclaim_days": 30}
    eventually(
        lambda: session.service("usage").put("/v1/policies", {"org_id": district.id, "product": "learn", **days})
    )
    eventually(lambda: seat(session, ann)[0] == seat(session, bob)[0] == "assigned")
    log_in(session, ann, bob, at=on_day(0.001))
    moved.reach(on_day(0.01))
    eventually(lambda: activity(session, ann)["activity"] == activity(session, bob)["activity"] == "active")
    assert activity(session, ann)["reclaim_due"] is None

    moved.reach(on_day(12))
    eventually(lambda: activity(session, bob)["activity"] == activity(session, ann)["activity"] == "warned")
    due = datetime.fromisoformat(activity(session, ann)["reclaim_due"])
    assert due.date() == on_day(31.001).date()
    moved.reach(on_day(12.1))
    eventually(lambda: mail_to(system, anns) and mail_to(system, bobs))
    [to_bob] = mail_to(system, bobs)
    assert to_bob["Subject"] == "Do you still need your Learn seat?"

    with httpx2.Client() as browser:
        link = link_in(to_bob)
        assert "Keep my seat" in browser.get(link).text
        assert activity(session, bob)["kept_until"] is None
        assert browser.post(link).status_code == 303
        assert "is kept" in browser.get(link).text
        assert browser.get(f"{link[:-3]}abc").status_code == 404
    assert (activity(session, bob)["reclaim_due"], bool(activity(session, bob)["kept_until"])) == (None, True)

    moved.reach(due + timedelta(hours=2))
    eventually(lambda: seat(session, ann) == ("released", "inactivity"))
    assert seat(session, bob)[0] == "assigned"
    eventually(lambda: district.figures("learn")["assigned"] == 1)

    moved.reach(due + timedelta(hours=5))
    log_in(session, ann, at=due + timedelta(hours=4))
    eventually(lambda: seat(session, ann) == ("assigned", "returned"))
    eventually(lambda: activity(session, ann)["activity"] == "active")
    settle(session)
