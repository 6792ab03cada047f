"""What a set's organizations become: tenants, units, and rows that cannot stand in a tree (interfaces: Imports)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain.import_organizations import OrganizationPlan, Rows, plan_organizations
from usher_identity.domain.incoming import IncomingOrganization
from usher_identity.domain.organizations import Organization, settled

AT = datetime(2026, 9, 1, tzinfo=UTC)
TENANT = UUID(int=1)


def org(external_id: str, parent: str | None = None, *, name: str = "", gone: bool = False) -> IncomingOrganization:
    return IncomingOrganization(external_id, name or f"Org {external_id}", "school", parent, gone, "", "orgs.csv", 0)


@dataclass
class Directory:
    """Organizations that imports are planned against."""

    known: dict[UUID, Organization] = field(default_factory=dict)
    at: datetime = AT
    ids: "count[int]" = field(default_factory=lambda: count(100))

    def take(self, *rows: IncomingOrganization, tenant: UUID | None = None, source: str = "sis") -> OrganizationPlan:
        self.at += timedelta(days=1)
        listed = Rows.of([replace(row, line=line) for line, row in enumerate(rows, start=2)])
        plan = plan_organizations(
            listed,
            list(self.known.values()),
            tenant_id=tenant,
            source=source,
            at=self.at,
            new_id=lambda: UUID(int=next(self.ids)),
            new_tenants={row.external_id: UUID(int=next(self.ids)) for row in listed.tops},
        )
        for change in plan.changes:
            self.known[change.after.id] = settled(change.before, change.after)
        return plan

    def with_tenant(self, name: str = "Fir District") -> "Directory":
        self.known[TENANT] = Organization(TENANT, TENANT, None, name, "district", version=1)
        return self

    def add_unit(self, number: int, parent: UUID) -> UUID:
        unit = Organization(TENANT, UUID(int=number), parent, f"By hand {number}", "unit", version=1)
        self.known[unit.id] = unit
        return unit.id

    @property
    def tree(self) -> dict[str, str | None]:
        """The parent's name of each organization, by its own."""
        names = {id_: one.name for id_, one in self.known.items()}
        return {one.name: names[one.parent_id] if one.parent_id else None for one in self.known.values()}


def codes(plan: OrganizationPlan) -> list[tuple[str | None, str, str]]:
    return sorted((issue.row_id, issue.code, issue.severity.value) for issue in plan.issues)


def test_a_root_becomes_a_tenant_and_its_units_stand_below_it() -> None:
    directory = Directory()
    plan = directory.take(org("S", "D"), org("D"), org("C", "S"))
    assert directory.tree == {"Org D": None, "Org S": "Org D", "Org C": "Org S"}
    [root] = [one for one in directory.known.values() if one.is_root]
    assert root.id == root.tenant_id
    assert {one.tenant_id for one in directory.known.values()} == {root.id}
    assert [change.after.name for change in plan.changes] == ["Org D", "Org S", "Org C"]
    assert (plan.issues, plan.unchanged) == ([], 0)


def test_several_roots_are_several_tenants() -> None:
    directory = Directory()
    plan = directory.take(org("A"), org("B"), org("S", "B"))
    assert len({one.tenant_id for one in directory.known.values()}) == 2
    assert plan.places["S"].tenant_id == plan.places["B"].org_id


def test_the_same_rows_again_change_nothing_whatever_their_order() -> None:
    directory = Directory()
    rows = [org("D"), org("S", "D"), org("T", "S"), org("E")]
    directory.take(*rows)
    plan = directory.take(*reversed(rows))
    assert (plan.changes, plan.unchanged, plan.issues) == ([], 4, [])


def test_what_differs_changes() -> None:
    directory = Directory()
    directory.take(org("D"), org("S", "D"), org("T", "D"))
    plan = directory.take(org("D", name="New Name"), org("S", "T"), org("T", "D"))
    assert directory.tree == {"New Name": None, "Org S": "Org T", "Org T": "New Name"}
    assert len(plan.changes) == 2
    assert sorted(one.version for one in directory.known.values()) == [1, 2, 2]


def test_inside_a_tenant_a_second_root_is_its_rows_error_and_its_units_too() -> None:
    directory = Directory().with_tenant("Org B")
    plan = directory.take(org("A"), org("B"), org("S", "A"), org("T", "B"), tenant=TENANT)
    assert directory.tree == {"Org B": None, "Org T": "Org B"}
    assert codes(plan) == [("A", "second_root", "error"), ("S", "parent_not_taken", "error")]
    assert set(plan.places) == {"B", "T"}


def test_without_its_name_the_first_root_listed_is_the_tenant() -> None:
    directory = Directory().with_tenant("Fir District")
    plan = directory.take(org("B"), org("A"), tenant=TENANT)
    assert directory.tree == {"Org B": None}
    assert codes(plan) == [("A", "second_root", "error")]
    assert codes(directory.take(org("A"), org("B"), tenant=TENANT)) == [("A", "second_root", "error")]


def test_a_root_known_before_is_its_tenant_again_without_saying_which() -> None:
    directory = Directory().with_tenant("Org D")
    directory.take(org("D"), tenant=TENANT)
    directory.take(org("D"), org("S", "D"))
    assert directory.tree == {"Org D": None, "Org S": "Org D"}


def test_a_root_that_several_tenants_know_needs_the_tenant_said() -> None:
    directory = Directory().with_tenant("Org D")
    directory.take(org("D"), tenant=TENANT)
    other = UUID(int=9)
    directory.known[other] = replace(directory.known[TENANT], id=other, tenant_id=other)
    assert codes(directory.take(org("D"))) == [("D", "ambiguous_root", "error")]


@pytest.mark.parametrize("tenant", [None, TENANT])
def test_a_unit_whose_parent_does_not_exist_goes_under_the_only_root_and_is_reported(tenant: UUID | None) -> None:
    directory = Directory().with_tenant("Org D") if tenant else Directory()
    rows = [org("D"), org("S", "nowhere"), org("T", "S")]
    plan = directory.take(*rows, tenant=tenant)
    assert directory.tree == {"Org D": None, "Org S": "Org D", "Org T": "Org S"}
    assert codes(plan) == [("S", "unknown_parent", "warning")]
    assert directory.take(*rows, tenant=tenant).changes == []


def test_with_two_roots_a_unit_whose_parent_does_not_exist_belongs_nowhere() -> None:
    plan = Directory().take(org("A"), org("B"), org("S", "nowhere"), org("T", "S"))
    assert codes(plan) == [("S", "unknown_parent", "error"), ("T", "parent_not_taken", "error")]


def test_a_district_whose_state_is_not_in_the_file_is_a_root() -> None:
    directory = Directory()
    plan = directory.take(org("D", "STATE"), org("S", "D"))
    assert directory.tree == {"Org D": None, "Org S": "Org D"}
    assert codes(plan) == [("D", "unknown_parent", "warning")]
    assert directory.take(org("D", "STATE"), org("S", "D")).changes == []


def test_a_parent_known_from_before_need_not_be_listed_again() -> None:
    directory = Directory()
    directory.take(org("D"), org("S", "D"))
    tenant = next(one.id for one in directory.known.values() if one.is_root)
    plan = directory.take(org("T", "S"), tenant=tenant)
    assert directory.tree["Org T"] == "Org S"
    assert plan.issues == []
    assert set(plan.places) == {"D", "S", "T"}


def test_a_root_that_names_itself_as_parent_is_a_root() -> None:
    directory = Directory()
    assert directory.take(org("D", "D"), org("S", "D")).issues == []
    assert directory.tree == {"Org D": None, "Org S": "Org D"}


def test_a_cycle_is_refused_row_by_row_and_the_others_are_taken() -> None:
    directory = Directory()
    plan = directory.take(org("D"), org("A", "B"), org("B", "C"), org("C", "A"), org("X", "C"), org("S", "D"))
    assert directory.tree == {"Org D": None, "Org S": "Org D"}
    assert codes(plan) == [
        ("A", "cycle", "error"),
        ("B", "cycle", "error"),
        ("C", "cycle", "error"),
        ("X", "parent_not_taken", "error"),
    ]
    assert all("A → B → C → A" in issue.reason for issue in plan.issues if issue.code == "cycle")


def test_a_cycle_among_units_known_before_leaves_them_where_they_are() -> None:
    directory = Directory()
    directory.take(org("D"), org("A", "D"), org("B", "A"))
    plan = directory.take(org("D"), org("A", "B"), org("B", "A"), org("X", "B"))
    assert directory.tree == {"Org D": None, "Org A": "Org D", "Org B": "Org A", "Org X": "Org B"}
    assert codes(plan) == [("A", "cycle", "error"), ("B", "cycle", "error")]


def test_a_cycle_that_closes_only_over_a_unit_made_by_hand_is_not_made() -> None:
    directory = Directory().with_tenant("Org D")
    directory.take(org("D"), org("A", "D"), org("B", "D"), tenant=TENANT)
    a = next(one for one in directory.known.values() if one.name == "Org A")
    b = next(one for one in directory.known.values() if one.name == "Org B")
    middle = directory.add_unit(50, a.id)
    directory.known[b.id] = replace(b, parent_id=middle)
    plan = directory.take(org("D"), org("A", "B"), tenant=TENANT)
    assert directory.tree["Org A"] == "Org D"
    assert codes(plan) == [("A", "cycle", "warning")]


def test_a_tenants_root_is_never_put_under_another() -> None:
    directory = Directory()
    directory.take(org("D"), org("S", "D"))
    tenant = next(one.id for one in directory.known.values() if one.is_root)
    plan = directory.take(org("STATE"), org("D", "STATE"), org("S", "D"), tenant=tenant)
    assert directory.tree == {"Org D": None, "Org S": "Org D"}
    assert codes(plan) == [("D", "parent_not_taken", "error"), ("STATE", "second_root", "error")]


def test_marked_to_be_deleted_is_archived_if_it_is_known_and_not_made_otherwise() -> None:
    directory = Directory()
    directory.take(org("D"), org("S", "D"))
    directory.take(org("D", gone=True), org("S", "D", gone=True), org("T", "D", gone=True), org("U", "T"))
    assert {one.name: one.status for one in directory.known.values()} == {"Org D": "active", "Org S": "archived"}


def test_two_sources_name_one_tenant() -> None:
    directory = Directory().with_tenant("Org D")
    directory.take(org("D"), tenant=TENANT, source="sis")
    plan = directory.take(org("d-7", name="Org D"), tenant=TENANT, source="hr")
    assert [link.external_id for link in directory.known[TENANT].links] == ["D", "d-7"]
    assert len(plan.changes) == 1
    assert directory.known[TENANT].version == 2, "its external id stays, and so does its version"


@given(
    st.dictionaries(st.sampled_from("ABCDEFG"), st.sampled_from(["A", "B", "C", "D", "E", "?", ""]), max_size=7),
    st.dictionaries(st.sampled_from("ABCDEFG"), st.sampled_from(["A", "B", "C", "D", "E", "?", ""]), max_size=7),
    st.booleans(),
)
def test_whatever_the_rows_the_organizations_are_trees_of_one_tenant_each(
    first: dict[str, str], second: dict[str, str], inside: bool
) -> None:
    directory = Directory().with_tenant() if inside else Directory()
    for parents in (first, second, second):
        plan = directory.take(*rows_of(parents), tenant=TENANT if inside else None)
        for one in directory.known.values():
            assert root_of(one, directory) == one.tenant_id
        taken = {issue.row_id for issue in plan.issues if issue.severity.value == "error"}
        assert set(parents) - taken <= set(plan.places)
    assert plan.changes == [], "the second time changes nothing"


def rows_of(parents: dict[str, str]) -> Sequence[IncomingOrganization]:
    return [org(one, parent or None) for one, parent in parents.items()]


def root_of(one: Organization, directory: Directory) -> UUID:
    steps = 0
    while one.parent_id is not None:
        one = directory.known[one.parent_id]
        steps += 1
        assert steps < 50, "a cycle"
    return one.id
