"""The demo, small: a district a year old, whose people use their seats, wait for others, and can sign in."""

import pytest

from usher_cli.clients.session import Session
from usher_cli.demo.record import Record
from usher_cli.demo.run import is_there
from usher_cli.demo.telling import tell

from .conftest import DEMO_PEOPLE
from .system import SYSTEM

pytestmark = SYSTEM


def test_its_licenses_have_run_for_a_year_and_end_soon(session: Session, record: Record) -> None:
    learn, observe, combined = session.reporting.dashboard(record.tenant_id)["products"]
    assert (learn["waitlisted"], observe["available"]) == (0, 0)
    assert learn["available"] > 0
    assert observe["waitlisted"] > 0
    assert combined["assigned"] > 0
    for product in (learn, observe):
        assert product["license_state"] == "expiring"
        assert product["active_users"] > product["inactive_users"] > 0
    ending = session.reporting.dashboard(record.tenant_id)["upcoming_renewals"]
    assert [(one["product"], one["days_left"]) for one in ending] == [("learn", 75), ("observe", 75)]


def test_it_explains_one_who_is_seated_and_one_who_waits(session: Session, record: Record) -> None:
    codes = [session.entitlements.explain(one.user_id, one.product)["code"] for one in record.examples]
    assert codes == ["seated", "waitlisted"]


def test_what_it_explains_of_each_person_agrees_with_the_check_and_with_their_seat(
    session: Session, record: Record
) -> None:
    entitlements = session.service("entitlements")
    people = session.identity.users(org_id=record.tenant_id, every=True)["items"]
    seats = {
        (seat["user_id"], seat["product"]): seat["state"]
        for seat in session.entitlements.seats(org_id=record.tenant_id, every=True)["items"]
    }
    assert len(people) >= DEMO_PEOPLE
    for person in people:
        for product in ("learn", "observe"):
            explained = session.entitlements.explain(person["id"], product)
            checked = entitlements.get("/v1/check", user_id=person["id"], product=product)
            assert explained["allowed"] == checked["allowed"], (explained, checked)
            assert checked["state"] == seats.get((person["id"], product), "none"), (explained, checked)


def test_everybody_it_names_holds_what_it_says(session: Session, record: Record) -> None:
    roles = {
        account.what: {held["role"] for held in session.identity.find_user(account.user_id)["roles"]}
        for account in record.accounts
    }
    assert roles["system administrator"] == {"system_admin"}
    assert roles["organization administrator"] == {"org_admin"}
    assert roles["reporter"] == {"reporter", "learner"}
    assert len(roles) == 5


def test_it_is_found_again_and_nothing_is_made(
    session: Session, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    before = session.service("identity").get("/v1/doctor")
    assert is_there(session, record)
    tell(session, record)
    printed = capsys.readouterr().out
    assert all(account.password in printed for account in record.accounts)
    assert f"usher trace {record.trace_id}" in printed
    assert session.service("identity").get("/v1/doctor") == before
