"""The generated district, read as any other set: it holds the people it says, and reports the rows it says."""

from collections import Counter
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from usher_cli.generate.district import generate_district
from usher_identity.domain.import_organizations import Rows, plan_organizations
from usher_identity.domain.import_survey import mapped_of, repetition_issue, survey_people
from usher_identity.domain.incoming import Issue, Severity
from usher_identity.domain.mapping import DEFAULT, Counted, MappedPerson
from usher_identity.oneroster.reading import read_folder
from usher_kit.ids import new_id

from .world import DAY


@pytest.mark.parametrize("people", [1, 30, 1_000])
def test_an_import_finds_what_the_generator_promised(tmp_path: Path, people: int) -> None:
    made = generate_district(people, 5, tmp_path, date(2026, 9, 1))
    roster = read_folder(tmp_path)
    survey = survey_people(partial(roster.people, DEFAULT.count_as), DEFAULT, is_bulk=True)
    mapped = [mapped_of(item, DEFAULT) for item in roster.people(DEFAULT.count_as)]
    staff = [one for one in mapped if isinstance(one, MappedPerson)]
    repeated = [issue for one in staff if (issue := repetition_issue(one.person, survey))]
    rows = Rows.of(roster.organizations.organizations)
    tenants = {row.external_id: new_id() for row in rows.tops}
    plan = plan_organizations(rows, [], tenant_id=None, source="sis", at=DAY, new_id=new_id, new_tenants=tenants)
    assert len(staff) - len(repeated) == people
    assert sum(isinstance(one, Counted) for one in mapped) == made.students
    assert len(plan.changes) == made.organizations
    issues = [*repeated, *plan.issues, *(one for one in mapped if isinstance(one, Issue))]
    assert Counter(issue.code for issue in issues) == dict(made.issues)
    assert survey.shared_names == set()
    assert [note for note in roster.notes if note.severity is not Severity.NOTE] == []
    assert all(set(one.org_ids) <= plan.places.keys() for one in staff)
