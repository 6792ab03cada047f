"""What an import makes of people, told row by row (interfaces: Imports; seats: Words)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from usher_identity.domain.import_plan import Outcome
from usher_identity.domain.incoming import Severity, Standing
from usher_identity.domain.links import Link
from usher_identity.domain.people import Person, Status
from usher_identity.domain.roles import MANUAL, Roles

from .world import DAY, PLACES, TENANT, World, row


@pytest.fixture
def world() -> World:
    return World()


def by_hand(user_name: str, *roles: str, number: int = 50, status: str = Status.ACTIVE) -> Person:
    """A person whom an administrator made."""
    return Person(
        tenant_id=TENANT,
        id=UUID(int=number),
        org_id=PLACES["D"].org_id,
        user_name=user_name,
        display_name="By Hand",
        email=None,
        status=status,
        status_since=DAY,
        roles=Roles().from_source(MANUAL, roles, DAY),
        version=4,
        profile_version=2,
    )


def test_a_new_person_is_made(world: World) -> None:
    taken = world.take([row("u1", "teacher", user_name="Ann", name="Ann Lee", email="ann@fir.example.org")])
    person = world.named("u1")
    assert taken.outcomes == {"u1": Outcome.CREATED}
    assert (person.user_name, person.display_name, person.email) == ("Ann", "Ann Lee", "ann@fir.example.org")
    assert (person.status, person.status_since, person.org_id) == ("active", world.at, PLACES["S"].org_id)
    assert world.roles("u1") == ["learner", "observable"]
    assert (person.version, person.profile_version, person.external_id) == (1, 1, "u1")


def test_the_same_set_again_changes_nothing(world: World) -> None:
    rows = [row("u1"), row("u2", "principal"), row("u3", standing=Standing.SUSPENDED)]
    world.take(rows)
    before = dict(world.people)
    assert set(world.take(rows).outcomes.values()) == {Outcome.UNCHANGED}
    assert world.people == before


def test_what_changes_is_what_differs(world: World) -> None:
    world.take([row("u1"), row("u2")])
    taken = world.take([row("u1", name="Ann Ray"), row("u2", "teacher", "principal")])
    assert taken.outcomes == {"u1": Outcome.CHANGED, "u2": Outcome.CHANGED}
    ann, bo = world.named("u1"), world.named("u2")
    assert (ann.version, ann.profile_version) == (1, 2)
    assert (bo.version, bo.profile_version) == (2, 1)
    assert world.roles("u2") == ["learner", "observable", "observer", "reporter"]
    since = {held.role: held.since for held in bo.roles.held}
    assert since["observer"] - since["learner"] == timedelta(days=1)


def test_a_person_of_the_same_user_name_in_any_case_is_linked_not_made(world: World) -> None:
    world.add(by_hand("ann.lee", "reporter"))
    taken = world.take([row("u1", user_name="Ann.Lee", name="Ann Lee")])
    assert taken.outcomes == {"u1": Outcome.LINKED}
    person = world.named("u1")
    assert person.id == UUID(int=50)
    assert (person.user_name, person.display_name, person.org_id) == ("ann.lee", "Ann Lee", PLACES["S"].org_id)
    assert world.roles("u1") == ["learner", "observable", "reporter"]
    assert (person.version, person.profile_version) == (5, 3)


def test_two_people_of_one_user_name_are_no_one_to_link_to(world: World) -> None:
    world.add(by_hand("ann"))
    world.add(by_hand("ANN", number=51))
    assert world.take([row("u1", user_name="Ann")]).outcomes == {"u1": Outcome.CREATED}


def test_a_deleted_person_is_no_one_to_link_to(world: World) -> None:
    world.add(by_hand("ann", status=Status.DELETED))
    assert world.take([row("u1", user_name="Ann")]).outcomes == {"u1": Outcome.CREATED}


def test_rows_that_share_a_user_name_are_people_of_their_own(world: World) -> None:
    world.add(by_hand("ann"))
    taken = world.take([row("u1", user_name="Ann"), row("u2", user_name="ANN")])
    assert taken.outcomes == {"u1": Outcome.CREATED, "u2": Outcome.CREATED}


def test_a_person_who_got_another_id_at_the_source_stays_who_they_are(world: World) -> None:
    world.take([row("old", user_name="ann")])
    person = world.named("old").id
    assert world.take([row("new", user_name="ann")]).outcomes == {"new": Outcome.LINKED}
    assert world.named("new").id == person
    assert world.named("new").status == Status.ACTIVE
    assert world.roles("new") == ["learner", "observable"]


def test_a_person_whom_a_set_lists_by_two_ids_is_changed_by_the_first_alone(world: World) -> None:
    world.take([row("old", user_name="ann")])
    world.take([row("new", user_name="ann")])
    taken = world.take([row("new", "principal", user_name="ann"), row("old", "teacher", user_name="ann.lee")])
    assert taken.codes == [("new", "same_person")]
    assert world.named("new").id == world.named("old").id
    assert world.named("new").user_name == "ann.lee"


def test_who_is_listed_is_never_linked_to_another_row(world: World) -> None:
    world.take([row("u1", user_name="ann")])
    taken = world.take([row("u1", user_name="ann.lee"), row("u2", user_name="ann")])
    assert taken.outcomes == {"u1": Outcome.CHANGED, "u2": Outcome.CREATED}


def test_absent_from_a_full_set_is_archived_and_listed_again_comes_back(world: World) -> None:
    world.take([row("u1"), row("u2")])
    world.take([row("u2")])
    assert world.named("u1").status == Status.ARCHIVED
    assert world.take([row("u1"), row("u2")]).outcomes == {"u1": Outcome.REACTIVATED, "u2": Outcome.UNCHANGED}
    assert (world.named("u1").status, world.named("u1").status_since) == (Status.ACTIVE, world.at)


def test_absent_from_a_delta_set_is_as_before_and_marked_is_archived(world: World) -> None:
    world.take([row("u1"), row("u2"), row("u3")])
    gone = row("u2", standing=Standing.ABSENT, orgs=())
    taken = world.take([gone, row("u9", standing=Standing.ABSENT)], bulk=False)
    assert taken.outcomes == {"u2": Outcome.ARCHIVED}
    assert [world.named(one).status for one in ("u1", "u2", "u3")] == ["active", "archived", "active"]
    assert taken.issues == []


def test_a_student_of_a_full_set_who_was_staff_is_gone(world: World) -> None:
    world.take([row("u1")])
    world.take([row("u1", "student")])
    assert world.named("u1").status == Status.ARCHIVED


def test_a_row_that_cannot_be_taken_archives_nobody(world: World) -> None:
    world.take([row("u1"), row("u2")])
    taken = world.take([row("u1", "wizard"), row("u2", orgs=["nowhere"])])
    assert taken.codes == [("u2", "unknown_organization")]
    assert [world.named(one).status for one in ("u1", "u2")] == ["active", "active"]


def test_an_administrators_archive_stands_against_the_same_file(world: World) -> None:
    world.take([row("u1")])
    world.add(replace(world.named("u1"), status=Status.ARCHIVED))
    assert world.take([row("u1")]).outcomes == {"u1": Outcome.UNCHANGED}
    assert world.named("u1").status == Status.ARCHIVED


def closed(world: World, external_id: str = "u1") -> Person:
    """A person of the source's who went to another tenant."""
    person = world.named(external_id).closed(UUID(int=77), world.at)
    world.add(person)
    return person


def test_no_file_of_the_old_source_brings_back_who_went_to_another_tenant(world: World) -> None:
    world.take([row("u1"), row("u2")])
    closed(world)
    assert world.take([row("u1"), row("u2")]).outcomes["u1"] == Outcome.UNCHANGED
    world.take([row("u2")])
    for again in (row("u1"), row("u1", "principal", name="Ann Ray"), row("u1", standing=Standing.SUSPENDED)):
        taken = world.take([again, row("u2")])
        assert taken.codes == [("u1", "transferred_person")]
        assert [issue.severity for issue in taken.issues] == [Severity.WARNING]
        assert (world.named("u1").status, world.named("u1").closed_by) == (Status.ARCHIVED, UUID(int=77))


@pytest.mark.parametrize(("source", "external_id"), [("sis", "u9"), ("hr", "u1")])
def test_nor_does_a_new_id_or_another_source_of_the_same_user_name(world: World, source: str, external_id: str) -> None:
    world.take([row("u1", user_name="ann")])
    before = closed(world)
    taken = world.take([row(external_id, user_name="Ann")], source)
    assert taken.codes == [(external_id, "transferred_person")]
    assert [one.status for one in world.people.values()] == [Status.ARCHIVED]
    assert [len(one.links) for one in world.people.values()] == [len(before.links)]


def test_who_is_restored_after_a_transfer_is_the_sources_again(world: World) -> None:
    world.take([row("u1")])
    world.add(closed(world).becoming(Status.ACTIVE, world.at))
    assert world.take([row("u1", name="Ann Ray")]).codes == []
    assert (world.named("u1").display_name, world.named("u1").closed_by) == ("Ann Ray", None)


def test_an_administrators_transfer_and_rename_stand_until_the_source_says_otherwise(world: World) -> None:
    world.take([row("u1", name="Ann Lee", orgs=["S"])])
    world.add(replace(world.named("u1"), display_name="Ann Ray", org_id=PLACES["T"].org_id))
    assert world.take([row("u1", name="Ann Lee", orgs=["S"])]).outcomes == {"u1": Outcome.UNCHANGED}
    world.take([row("u1", name="Ann Lee", orgs=["D"])])
    assert (world.named("u1").display_name, world.named("u1").org_id) == ("Ann Ray", PLACES["D"].org_id)


def test_an_administrators_removal_of_a_role_stands(world: World) -> None:
    world.take([row("u1", "teacher")])
    person = world.named("u1")
    world.add(replace(person, roles=person.roles.desired(["observable"], "user:admin", world.at)))
    assert world.take([row("u1", "teacher")]).outcomes == {"u1": Outcome.UNCHANGED}
    assert world.roles("u1") == ["observable"]
    world.take([row("u1", "teacher", "principal")])
    assert world.roles("u1") == ["observable", "observer", "reporter"]


def test_a_source_that_disables_a_user_suspends_and_lifts_it(world: World) -> None:
    world.take([row("u1")])
    world.take([row("u1", standing=Standing.SUSPENDED)])
    assert world.named("u1").status == Status.SUSPENDED
    world.take([row("u1")])
    assert world.named("u1").status == Status.ACTIVE


def test_a_suspension_by_an_administrator_is_not_lifted_by_a_source(world: World) -> None:
    world.take([row("u1")])
    world.add(replace(world.named("u1"), status=Status.SUSPENDED))
    world.take([row("u1", name="Another")])
    assert world.named("u1").status == Status.SUSPENDED
    world.add(by_hand("bo", status=Status.SUSPENDED))
    world.take([row("u1"), row("u2", user_name="bo")])
    assert world.named("u2").status == Status.SUSPENDED


def test_an_invited_person_whom_a_source_lists_is_active(world: World) -> None:
    world.add(by_hand("ann", status=Status.INVITED))
    world.take([row("u1", user_name="ann")])
    assert world.named("u1").status == Status.ACTIVE


def test_a_deleted_person_stays_deleted(world: World) -> None:
    """Whoever deletes a person forgets what sources said of them, which is personal data."""
    world.take([row("u1")])
    world.add(replace(world.named("u1"), status=Status.DELETED))
    del world.said["sis", "u1"]
    taken = world.take([row("u1")])
    assert taken.codes == [(None, "deleted_person")]
    assert world.named("u1").status == Status.DELETED


def test_two_sources_know_one_person_and_each_sets_its_own_roles(world: World) -> None:
    world.take([row("u1", "teacher", user_name="ann")], "sis")
    world.take([row("h7", "principal", user_name="ANN")], "hr")
    assert world.named("u1").id == world.named("h7", "hr").id
    assert world.roles("u1") == ["learner", "observable", "observer", "reporter"]
    world.take([row("h7", "teacher", user_name="ANN")], "hr")
    assert world.roles("u1") == ["learner", "observable"]
    assert world.named("u1").external_id == "u1"


def test_who_leaves_one_source_and_is_in_another_loses_that_sources_roles_alone(world: World) -> None:
    world.take([row("u1", "teacher", user_name="ann")], "sis")
    world.take([row("h7", "principal", user_name="ann")], "hr")
    world.take([], "sis")
    assert world.named("u1").status == Status.ACTIVE
    assert world.roles("u1") == ["observer", "reporter"]
    world.take([], "hr")
    assert world.named("u1").status == Status.ARCHIVED


def test_who_belongs_to_an_unknown_organization_goes_to_the_next_one(world: World) -> None:
    taken = world.take([row("u1", orgs=["nowhere", "T"]), row("u2", orgs=["T", "nowhere"])])
    assert [(issue.row_id, issue.code, issue.severity) for issue in taken.issues] == [
        ("u1", "unknown_organization", Severity.WARNING)
    ]
    assert world.named("u1").org_id == PLACES["T"].org_id


@pytest.mark.parametrize(("orgs", "code"), [(["nowhere"], "unknown_organization"), ([], "no_organization")])
def test_who_belongs_nowhere_is_not_taken(world: World, orgs: list[str], code: str) -> None:
    taken = world.take([row("u1", orgs=orgs)])
    assert taken.codes == [("u1", code)]
    assert world.people == {}


def test_of_rows_with_one_id_the_latest_counts(world: World) -> None:
    rows = [
        row("u1", name="Old", modified_at="2026-01-01", line=2),
        row("u1", name="New", modified_at="2026-03-01", line=3),
        row("u1", name="Older", modified_at="2025-03-01", line=4),
    ]
    taken = world.take(rows)
    assert world.named("u1").display_name == "New"
    assert [(issue.line, issue.code) for issue in taken.issues] == [(2, "repeated_id"), (4, "repeated_id")]


def test_a_delta_set_adds_and_ends_roles(world: World) -> None:
    world.take([row("u1", "teacher")])
    world.take([row("u1", "principal", partial=True, orgs=())], bulk=False)
    assert world.roles("u1") == ["learner", "observable", "observer", "reporter"]
    world.take([row("u1", partial=True, ended=["teacher"], orgs=(), name="Other")], bulk=False)
    assert world.roles("u1") == ["observer", "reporter"]
    assert world.named("u1").org_id == PLACES["S"].org_id
    assert world.take([row("u8", partial=True)], bulk=False).codes == [("u8", "no_role")]


def test_facts_carry_the_oldest_name_a_source_gave(world: World) -> None:
    person = by_hand("ann")
    world.add(replace(person, links=(Link("scim", "first", DAY),)))
    world.take([row("u1", user_name="ann")])
    assert world.named("u1").external_id == "first"
