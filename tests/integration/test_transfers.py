"""Transfers through the running system: what the preview shows of seats is what comes of them (seats: Transfer)."""

from typing import Any

import pytest

from usher_kit.ids import new_id

from .system import SYSTEM, District, eventually, settle

pytestmark = SYSTEM


@pytest.fixture
def north(district: District) -> District:
    """A unit that draws on the district's pool."""
    return unit(district, "North")


def unit(above: District, name: str) -> District:
    made = above.session.identity.create_organization({"name": f"{name} {new_id()}", "parent_id": above.id})
    return District(above.session, str(made["id"]))


def seat_of(district: District, person: str) -> dict[str, Any]:
    """A person's seat of learn; empty while they have none."""
    seats = district.session.entitlements.seats_of(person)["items"]
    return next((one for one in seats if one["product"] == "learn"), {})


def foreseen(district: District, person: str, to: str) -> dict[str, Any]:
    """What simulate says of a person's seat, given just what identity's dry run says of them."""
    would = district.session.identity.transfer(person, {"org_id": to}, dry_run=True)
    assert would["outcome"] == "done"
    answer = district.session.entitlements.simulate({"org_id": district.id, "people": would["people"]})
    return next((one for one in answer["people"] if one["user_id"] == person), {})


def test_within_one_pool_the_seat_is_untouched_as_was_shown(district: District, north: District) -> None:
    district.license("learn", seats=2)
    ann = district.person("ann", "learner")
    eventually(lambda: seat_of(district, ann)["state"] == "assigned")
    before = seat_of(district, ann)
    shown = foreseen(district, ann, north.id)
    assert (shown["outcome"], shown["after"]) == ("keeps", "assigned")
    moved = district.session.identity.transfer(ann, {"org_id": north.id}, dry_run=False)
    eventually(lambda: seat_of(district, ann)["org_id"] == north.id)
    assert moved["org_id"] == north.id
    assert {**seat_of(district, ann), "org_id": None} == {**before, "org_id": None}
    settle(district.session)


def test_to_another_pool_is_a_release_and_an_allocation_as_was_shown(district: District, north: District) -> None:
    district.license("learn", seats=2)
    north.license("learn", seats=1)
    ann, bo = district.person("ann", "learner"), district.person("bo", "learner")
    late = north.person("cid", "learner")
    eventually(lambda: [seat_of(district, one).get("state") for one in (ann, bo, late)] == ["assigned"] * 3)
    before = seat_of(district, ann)
    shown = foreseen(district, ann, north.id)
    assert (shown["outcome"], shown["after"], shown["reason"]) == ("loses", "waitlisted", "user_transferred")
    district.session.identity.transfer(ann, {"org_id": north.id}, dry_run=False)
    eventually(lambda: seat_of(district, ann)["state"] == "waitlisted")
    after = seat_of(district, ann)
    assert (after["reason"], after["wanted_since"]) == ("user_transferred", before["wanted_since"])
    eventually(lambda: (district.figures("learn")["assigned"], north.figures("learn")["waitlisted"]) == (2, 1))
    settle(district.session)


def test_into_another_tenant_the_seat_stays_behind(district: District) -> None:
    session = district.session
    district.license("learn", seats=1)
    ann, bo = district.person("ann", "learner"), district.person("bo", "learner")
    eventually(lambda: seat_of(district, bo).get("state") == "waitlisted")
    other = District(session, str(session.identity.create_organization({"name": f"Bell {new_id()}"})["id"]))
    other.license("learn", seats=1)
    shown = foreseen(district, ann, other.id)
    assert (shown["outcome"], shown["after"]) == ("loses", "released")
    new = session.identity.transfer(ann, {"org_id": other.id}, dry_run=False)
    eventually(lambda: (seat_of(district, ann)["state"], seat_of(district, bo)["state"]) == ("released", "assigned"))
    assert seat_of(district, ann)["reason"] == "user_transferred"
    assert (new["status"], seat_of(other, new["id"])) == ("invited", {})
    session.service("identity").send("PATCH", f"/v1/users/{new['id']}", json={"status": "active"})
    eventually(lambda: other.assigned("learn") == 1)
    settle(session)
