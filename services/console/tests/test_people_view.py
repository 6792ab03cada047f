"""People and their roles, as lines and as forms."""

from datetime import timedelta
from uuid import UUID

import pytest

from usher_console.clients.identity import Person
from usher_console.views.organizations import organization_choices, way_to
from usher_console.views.people import initials, person_row
from usher_console.views.person import role_choices, roles_after
from usher_console.views.wording import NOTHING, count, in_days, listed, percent, role_name

from . import story


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ada Byron", "AB"),
        ("Mary Golda Ross", "MR"),
        ("Plato", "P"),
        ("", "?"),
        ("(van) der Berg", "DB"),
        ("李 小龙", "李小"),
    ],
)
def test_initials(name: str, said: str) -> None:
    assert initials(name) == said


def test_a_person_without_a_name_or_email_is_still_somebody() -> None:
    row = person_row(Person(id=UUID(int=1), user_name="", roles=["observer", "learner"]), {})
    assert (row.name, row.email, row.organization) == ("Unnamed", "", NOTHING)
    assert row.roles == ["Learner", "Observer"]


def test_roles_are_read_with_since_when_or_alone() -> None:
    person = Person.model_validate({"id": UUID(int=1), "roles": [{"role": "learner", "since": "x"}, "observer"]})
    assert list(person.roles) == ["learner", "observer"]


def test_only_a_system_administrator_is_offered_that_role() -> None:
    assert "system_admin" not in [role.value for role in role_choices(story.person(), may_grant_system=False)]
    assert "system_admin" in [role.value for role in role_choices(story.person(), may_grant_system=True)]


def test_the_role_of_a_system_administrator_stays_when_another_administrator_saves_the_form() -> None:
    chief = story.person(roles=["system_admin", "learner"])
    assert roles_after(chief, ["observer"], may_grant_system=False) == ["observer", "system_admin"]
    assert roles_after(chief, ["observer"], may_grant_system=True) == ["observer"]


def test_a_form_cannot_make_its_sender_a_system_administrator() -> None:
    assert roles_after(story.person(roles=[]), ["system_admin", "learner"], may_grant_system=False) == ["learner"]


def test_organizations_are_offered_as_a_tree() -> None:
    offered = organization_choices(story.organizations(), "All tenants", None)
    assert [choice.label for choice in offered][:3] == [
        "All tenants",
        "Springfield District",
        "\u2003Jefferson High School",
    ]
    assert offered[0].chosen


def test_the_way_to_a_unit_leads_through_its_parents() -> None:
    assert [o.name for o in way_to(story.organizations(), UUID(int=3))] == [
        "Springfield District",
        "Roosevelt Middle School",
    ]
    assert way_to(story.organizations(), UUID(int=77)) == []


@pytest.mark.parametrize(
    ("days", "said"), [(0, "today"), (0.3, "today"), (1, "in 1 day"), (75.9, "in 75 days"), (-3, "today")]
)
def test_days_until(days: float, said: str) -> None:
    assert in_days(story.NOW + timedelta(days=days), story.NOW) == said


def test_wording() -> None:
    assert (count(-61), count(None), count(1_234_567)) == ("\u221261", "\u2013", "1,234,567")
    assert (percent(90.9), percent(None)) == ("90.90%", "\u2013")
    assert (listed(["A"]), listed(["A", "B"]), listed(["A", "B", "C"])) == ("A", "A and B", "A, B and C")
    assert role_name("head_of_year") == "Head of year"
